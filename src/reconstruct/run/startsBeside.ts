/**
 * Starts begin anew and need nothing of one another: of several processes each makes one of those that are to come, by
 * itself, all in step, and tells the others what it came to. Where there are more processes than starts, some make the
 * same one.
 */
import { alone, type Processes } from "../../runtime/processes.ts";
import { valueOfRank } from "../folder/shared.ts";
import type { AdversarialStage, AfterIteration, IterationReport, Stage, StageResult } from "../stage.ts";

/** The first stage of an independent start. */
type Begun = AdversarialStage & { start: number };

type Work = (stage: Begun, processes: Processes, after: AfterIteration) => Promise<StageResult>;

/** What came of the first stage of a start, and the last that it told. */
interface Made {
  maxRadius: number;
  result: StageResult;
  last: IterationReport;
}

export interface StartsBeside {
  /**
   * The first stage of a start; at once where it was made beside another.
   *
   * @param coming stages that are to follow; those made beside this one take as many iterations
   * @param fresh  whether nothing of it is there yet: what a checkpoint has begun all go on with
   * @param work   by all processes of the job, or, beside other starts, as if each were alone on its machine
   */
  make(stage: Begun, coming: readonly Stage[], fresh: boolean, after: AfterIteration, work: Work): Promise<StageResult>;
  /** Of stages those that take time yet: not those that are made, or being made beside the one at work. */
  left(stages: readonly Stage[]): Stage[];
}

export function openStartsBeside(processes: Processes): StartsBeside {
  /** Starts made beside an earlier one, by their numbers; undefined while they are. */
  const made = new Map<number | undefined, Made | undefined>();
  return {
    left: (stages) => stages.filter((stage) => stage.kind !== "adversarial" || !made.has(stage.start)),
    async make(stage, coming, fresh, after, work) {
      const known = made.get(stage.start);
      made.delete(stage.start);
      if (known?.maxRadius === stage.maxRadius) {
        await after(known.last, undefined, async () => known.result.volume);
        return known.result;
      }
      const beside = fresh ? besideOne(stage, coming).slice(0, processes.size) : [stage];
      if (beside.length === 1) return work(stage, processes, after);
      for (const { start } of beside.slice(1)) made.set(start, undefined);
      const own = beside[processes.rank % beside.length]!;
      let last: IterationReport | undefined;
      const result = await work(own, { ...processes, neighbours: alone }, (report, ...rest) => {
        last = report;
        return after(report, ...rest);
      });
      const { maxRadius } = stage,
        all: Made[] = [];
      for (const rank of beside.keys())
        all.push(await valueOfRank(processes, { maxRadius, result, last: last! }, rank));
      for (const [i, { start }] of beside.entries()) if (i > 0) made.set(start, all[i]);
      return all[0]!.result;
    },
  };
}

/** The stage, and those that begin other starts at its radius. */
const besideOne = (stage: Begun, coming: readonly Stage[]): Begun[] => [
  stage,
  ...coming.flatMap((other) =>
    other.kind === "adversarial" && other.start !== undefined && other.maxRadius === stage.maxRadius
      ? [{ ...other, start: other.start, iterations: stage.iterations }]
      : [],
  ),
];
