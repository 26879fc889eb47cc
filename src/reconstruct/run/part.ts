/** One set of particles (all, or a half of them) through all stages, from its checkpoint if there is one. */
import { join } from "node:path";
import type { Volume } from "../../base/types.ts";
import { adversarialStage } from "../adversarial/adversarialStage.ts";
<<<<<<< HEAD
import { type Checkpoint, readCheckpoint } from "../folder/checkpoint.ts";
=======
import { type Checkpoint, readLastCheckpoint, writeCheckpoint } from "../folder/checkpoint.ts";
import { mapOfVolume, writeSpectra, writeStageFiles } from "../folder/output.ts";
import { askedOptions } from "../folder/resume.ts";
>>>>>>> 8d0486b (Checkpoints end in a checksum and the one before is kept; events.jsonl stays short over days, and a torn line costs itself alone)
import { localStage } from "../likelihood/localStage.ts";
import { refinementStage } from "../likelihood/refinementStage.ts";
import type { AfterIteration, Part, Stage, StageProgress, StageResult } from "../stage.ts";
import { afterSearch, afterStage, begin, type Circumstances, type Decision, nextStep } from "./next.ts";
import { openPartFolder } from "./partFolder.ts";
import { placeParticles } from "./placement.ts";
import { type PartEnvironment, type Prepared, prepare } from "./prepare.ts";
import { stageClock } from "./stageClock.ts";

const defaultCheckpointSeconds = 60;
const progressSeconds = 0.25;

/** @returns the map, the finest Fourier shell in it, and the seconds it took, those before a resume included */
export async function reconstructPart(
  part: Part,
  partCount: number,
  environment: PartEnvironment,
): Promise<{ map: Volume; finestShell: number; elapsedSeconds: number }> {
  const { options, emit, signal } = environment,
    { set } = part,
<<<<<<< HEAD
    label = part.half === undefined ? {} : { half: part.half };
  const found = options.resume ? await readCheckpoint(join(options.out, part.checkpoint)) : undefined;
=======
    { half } = part;
  const label = half === undefined ? {} : { half };
  const path = join(options.out, part.checkpoint);
  const last = options.resume ? await readLastCheckpoint(path) : undefined,
    found = last?.checkpoint;
>>>>>>> 8d0486b (Checkpoints end in a checksum and the one before is kept; events.jsonl stays short over days, and a torn line costs itself alone)
  emit({
    type: "start",
    particles: set.count,
    boxSize: set.boxSize,
    pixelSizeAngstrom: set.pixelSizeAngstrom,
    symmetry: options.symmetry,
    device: `${environment.device.name}: ${environment.device.reason}`,
    seed: options.seed,
    ...label,
  });
  if (last?.warning) emit({ type: "warning", message: last.warning });
  const began = performance.now(),
    earlier = found?.elapsedSeconds ?? 0;
  const elapsed = (): number => earlier + (performance.now() - began) / 1000;

  const prepared = await prepare(part, partCount, environment, found);
  const { context, budget } = prepared;
  const folder = openPartFolder(part, partCount, prepared, environment);
  let state: Checkpoint = found ?? begin(prepared.schedule);
  let pace = 1;
  const circumstances = (): Circumstances => ({
    budget,
    boxAngstrom: context.boxAngstrom,
    ...(options.timeLimitSeconds === undefined ? {} : { secondsLeft: budget.seconds - elapsed() }),
    pace,
  });
  const save = async (progress?: StageProgress): Promise<void> => {
    state = { ...state, progress, elapsedSeconds: elapsed() };
    await folder.saveCheckpoint(state);
  };
  const decide = async (decision: Decision): Promise<void> => {
    ({ state } = decision);
    if (decision.warning !== undefined) emit({ type: "warning", message: decision.warning });
    await save();
  };

  const search = async (stage: Extract<Stage, { kind: "local" }>): Promise<void> => {
    const known = { shifts: state.shifts ?? new Float32Array(2 * context.count), poses: state.poses, fit: state.fit };
    const placement = await placeParticles(stage, state.volume!, { ...context, store: prepared.store! }, known, () =>
      signal?.throwIfAborted(),
    ); // the last checkpoint stands
    await decide(afterSearch(state, placement, circumstances()));
  };
  const runStage = async (stage: Stage): Promise<void> => {
    const index = state.stage,
      { stages } = state.schedule;
    await folder.writeConfig(state);
    emit({
      type: "stage",
      stage: index + 1,
      stages: stages.length,
      kind: stage.kind,
      boxSize: 2 * stage.maxRadius,
      resolutionAngstrom: context.boxAngstrom / stage.maxRadius,
      iterations: stage.iterations,
      ...label,
    });
    const clock = stageClock(stages, index, budget, part.half === 1, pace);
    let lastSave = performance.now(),
      lastReport = 0;
    const result = await computeStage(stage, prepared, state, async (report, snapshot) => {
      const time = performance.now();
      const remainingSeconds = clock.remaining(report.iteration, time / 1000);
      if (
        time - lastReport > progressSeconds * 1000 ||
        report.iteration === report.iterations ||
        report.logLikelihood !== undefined
      ) {
        lastReport = time;
        emit({
          type: "progress",
          stage: index + 1,
          iteration: report.iteration,
          iterations: report.iterations,
          elapsedSeconds: elapsed(),
          remainingSeconds,
          ...report.losses,
          ...(report.logLikelihood === undefined ? {} : { logLikelihood: report.logLikelihood }),
          ...label,
        });
      }
      if (signal?.aborted) {
        await save(await snapshot());
        signal.throwIfAborted();
      }
      if (time - lastSave > (options.checkpointSeconds ?? defaultCheckpointSeconds) * 1000) {
        await save(await snapshot());
        lastSave = performance.now();
      }
    });
    pace = clock.pace();
    await decide(afterStage(state, result, circumstances()));
    await folder.writeResult(state);
    await folder.writeStageFiles(result);
    emit({ type: "map", path: part.map, stage: index + 1, iteration: stage.iterations, ...label });
  };

  try {
    await folder.writeConfig(state);
    await folder.writeSpectra();
    for (let step = nextStep(state); step.kind !== "end"; step = nextStep(state))
      await (step.kind === "search" ? search(step.stage) : runStage(step.stage));
    return {
      map: await folder.writeResult(state),
      finestShell: state.volume!.n / 2,
      elapsedSeconds: state.elapsedSeconds,
    };
  } finally {
    await prepared.store?.close();
  }
}

<<<<<<< HEAD
/**
 * The next stage as it will be run: cut down to the time that is left, with the poses that it starts from.
 * @returns changes of the state; nothing where the time is over
 */
async function stageToRun(
  state: Checkpoint,
  { context, store, budget }: Prepared,
  { options, emit, signal }: PartEnvironment,
  elapsed: () => number,
  pace: number,
): Promise<Partial<Checkpoint> | undefined> {
  const index = state.stage,
    { schedule, volume } = state;
  const stage = schedule.stages[index]!;
  const scheduleWith = (changed: Stage): Checkpoint["schedule"] => ({
    ...schedule,
    stages: schedule.stages.with(index, changed),
  });
  if (stage.kind === "adversarial" || !volume || state.progress) return {};
  const fit = <S extends RefinementStage | LocalStage>(wanted: S): S | undefined => {
    const fitted =
      options.timeLimitSeconds === undefined ? wanted : fitToTime(wanted, budget.seconds - elapsed(), pace, budget);
    if (!fitted)
      emit({
        type: "warning",
        message:
          `the time limit is reached before ${(context.boxAngstrom / wanted.maxRadius).toFixed(1)} Å; ` +
          "the map stands as the stage before left it",
      });
    return fitted;
  };
  const wanted = fit(stage);
  if (!wanted) return undefined;
  if (wanted.kind === "refinement") return { schedule: scheduleWith(wanted) };
  const known = { shifts: state.shifts ?? new Float32Array(2 * context.count), poses: state.poses, fit: state.fit };
  const { certainty, ...placement } = await placeParticles(wanted, volume, { ...context, store: store! }, known, () =>
    signal?.throwIfAborted(),
  ); // the last checkpoint stands
  if (certainty >= leastCertainty) return { schedule: scheduleWith(wanted), ...placement };
  // Poses are too uncertain to look only near the best of each: all of them have to be tried.
  const instead = fit(globalStage(wanted));
  return instead && { schedule: scheduleWith(instead) };
}

/** Of several starts the one whose density explains the particles best. */
function bestOf(starts: NonNullable<Checkpoint["starts"]>): Pick<Checkpoint, "volume" | "shifts"> {
  const { volume, shifts } = starts.reduce((best, next) => (next.logLikelihood > best.logLikelihood ? next : best));
  return { volume, shifts };
}

/** With weak signal the likelihood rises slowly: three times the passes, unless it stands still before. */
const globalStage = (stage: LocalStage): RefinementStage => ({
  ...stage,
  kind: "refinement",
  iterations: 3 * stage.iterations,
});

/** Time left, from the estimates for the stages and the pace at which they turn out. */
function stageClock(
  stages: readonly Stage[],
  index: number,
  { budget }: Prepared,
  anotherHalf: boolean,
  paceBefore: number,
): { remaining(iteration: number, seconds: number): number; pace(): number } {
  const estimates = stages.map((stage) => stageSeconds(stage, budget));
  const sum = (list: number[]): number => list.reduce((total, seconds) => total + seconds, 0);
  const later = sum(estimates.slice(index + 1)) + (anotherHalf ? sum(estimates) : 0);
  const perIteration = estimates[index]! / stages[index]!.iterations;
  let first: { iteration: number; seconds: number } | undefined;
  let pace = paceBefore;
  return {
    remaining(iteration, seconds) {
      first ??= { iteration, seconds };
      if (seconds - first.seconds > 1)
        pace = (seconds - first.seconds) / (perIteration * (iteration - first.iteration));
      return pace * (perIteration * (stages[index]!.iterations - iteration) + later);
    },
    pace: () => pace,
  };
}

function runStage(
=======
function computeStage(
>>>>>>> b2178be (What comes next for a set of particles is a pure function, and reconstructPart the loop that does it; what was decided goes into the checkpoint)
  stage: Stage,
  { context, store, recipe }: Prepared,
  { volume, shifts, poses, progress }: Checkpoint,
  after: AfterIteration,
): Promise<StageResult> {
  if (stage.kind === "adversarial")
    return adversarialStage(stage, recipe, context, stage.start === undefined ? volume : undefined, progress, after);
  const all = { ...context, store: store! };
  if (stage.kind === "local") {
    const previous = { volume: volume!, placement: { poses: poses!, shifts: shifts! } };
    return localStage(stage, all, previous, progress, after);
  }
  return refinementStage(stage, all, volume!, shifts, progress, after);
}
