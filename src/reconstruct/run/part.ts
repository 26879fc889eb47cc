/** One set of particles (all, or a half of them) through all stages, from its checkpoint if there is one. */
import { join } from "node:path";
import type { Volume } from "../../base/types.ts";
import { writeFileAtomic } from "../../io/files.ts";
import { writeMap } from "../../io/mrc.ts";
import { adversarialStage } from "../adversarial/adversarialStage.ts";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "../folder/checkpoint.ts";
import { mapOfVolume, writeSpectra, writeStageFiles } from "../folder/output.ts";
import { askedOptions } from "../folder/resume.ts";
import { localStage } from "../likelihood/localStage.ts";
import { refinementStage } from "../likelihood/refinementStage.ts";
import type { AfterIteration, LocalStage, Part, RefinementStage, Stage, StageProgress, StageResult } from "../stage.ts";
import { placeParticles } from "./placement.ts";
import type { PartEnvironment } from "./prepare.ts";
import { type Prepared, prepare } from "./prepare.ts";
import { fitToTime, stageSeconds } from "./schedule.ts";

const defaultCheckpointSeconds = 60;
const progressSeconds = 0.25;
/** A local search needs poses of at least this mean posterior probability. */
const leastCertainty = 0.6;

/** @returns the map, the finest Fourier shell in it, and the seconds it took, those before a resume included */
export async function reconstructPart(
  part: Part,
  partCount: number,
  environment: PartEnvironment,
): Promise<{ map: Volume; finestShell: number; elapsedSeconds: number }> {
  const { options, emit } = environment,
    { set } = part,
    { half } = part;
  const label = half === undefined ? {} : { half };
  const path = join(options.out, part.checkpoint);
  const found = options.resume ? await readCheckpoint(path) : undefined;
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
  const began = performance.now(),
    earlier = found?.elapsedSeconds ?? 0;
  const elapsed = (): number => earlier + (performance.now() - began) / 1000;

  const prepared = await prepare(part, partCount, environment, found);
  const { context, schedule } = prepared;
  let state: Checkpoint = found ?? { schedule, stage: 0, elapsedSeconds: 0, finished: false };
  const writeConfig = async (): Promise<void> =>
    writeFileAtomic(
      join(options.out, "config.json"),
      JSON.stringify(
        {
          ...askedOptions(options),
          particlesUsed: set.count * partCount,
          workingBox: context.boxSize,
          maskRadius: context.maskRadius,
          shiftLaw: context.shiftLaw,
          stages: state.schedule.stages,
        },
        null,
        2,
      ),
    );
  const save = async (progress?: StageProgress): Promise<void> => {
    state = { ...state, progress, elapsedSeconds: elapsed() };
    await writeCheckpoint(path, state);
    emit({
      type: "checkpoint",
      stage: state.stage + 1,
      iteration: progress?.iteration ?? 0,
      path: part.checkpoint,
      ...label,
    });
  };
  const writeResult = async (): Promise<Volume> => {
    const map = mapOfVolume(state.volume!, context.boxSize, set.boxSize, set.pixelSizeAngstrom);
    await writeMap(join(options.out, part.map), map, "cryogan ab-initio reconstruction");
    return map;
  };

  try {
    await writeConfig();
    await writeSpectra(options.out, schedule.spectra, context.boxAngstrom);
    /** Time that a second of the estimate takes, as measured last. */
    let pace = 1;
    let map: Volume | undefined;
    while (!state.finished) {
      const index = state.stage;
      const stage = await stageToRun(state, prepared, environment, elapsed, pace);
      if (!stage) {
        state = { ...state, ...(state.starts && bestOf(state.starts)), starts: undefined, finished: true };
        map = undefined; // of several starts, another one's may stand there
        await save();
        break;
      }
      state = { ...state, ...stage };
      await writeConfig();
      const { stages } = state.schedule,
        now = stages[index]!;
      emit({
        type: "stage",
        stage: index + 1,
        stages: stages.length,
        kind: now.kind,
        boxSize: 2 * now.maxRadius,
        resolutionAngstrom: context.boxAngstrom / now.maxRadius,
        iterations: now.iterations,
        ...label,
      });
      const clock = stageClock(stages, index, prepared, half === 1, pace);
      let lastSave = performance.now(),
        lastReport = 0;
      const result = await runStage(now, prepared, state, async (report, snapshot) => {
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
        if (environment.signal?.aborted) {
          await save(await snapshot());
          environment.signal.throwIfAborted();
        }
        if (time - lastSave > (options.checkpointSeconds ?? defaultCheckpointSeconds) * 1000) {
          await save(await snapshot());
          lastSave = performance.now();
        }
      });
      pace = clock.pace();
      state = {
        ...state,
        stage: index + 1,
        volume: result.volume,
        shifts: result.shifts ?? state.shifts,
        poses: result.poses,
        fit: result.fit,
        finished: index + 1 === stages.length,
      };
      if (now.kind === "refinement" && now.endsStart) {
        const starts = [
          ...(state.starts ?? []),
          { volume: result.volume, shifts: result.shifts, logLikelihood: result.logLikelihood! },
        ];
        const another = stages[index + 1]?.kind === "adversarial";
        state = another ? { ...state, starts, shifts: undefined } : { ...state, starts: undefined, ...bestOf(starts) };
      }
      await save();
      map = await writeResult();
      await writeStageFiles(options.out, result, context, half);
      emit({ type: "map", path: part.map, stage: index + 1, iteration: now.iterations, ...label });
    }
    return {
      map: map ?? (await writeResult()),
      finestShell: state.volume!.n / 2,
      elapsedSeconds: state.elapsedSeconds,
    };
  } finally {
    await prepared.store?.close();
  }
}

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
  stage: Stage,
  { context, store, recipe }: Prepared,
  state: Checkpoint,
  after: AfterIteration,
): Promise<StageResult> {
  if (stage.kind === "adversarial")
    return adversarialStage(
      stage,
      recipe,
      context,
      stage.start === undefined ? state.volume : undefined,
      state.progress,
      after,
    );
  const all = { ...context, store: store! },
    volume = state.volume!;
  if (stage.kind === "local")
    return localStage(
      stage,
      all,
      { volume, placement: { poses: state.poses!, shifts: state.shifts! } },
      state.progress,
      after,
    );
  return refinementStage(stage, all, volume, state.shifts, state.progress, after);
}
