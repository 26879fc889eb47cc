/** One set of particles (all, or a half of them) through all stages, from its checkpoint if there is one. */
import { adversarialStage } from "../adversarial/adversarialStage.ts";
import { type Checkpoint, readLastCheckpoint } from "../folder/checkpoint.ts";
import { localStage } from "../likelihood/localStage.ts";
import { refinementStage } from "../likelihood/refinementStage.ts";
import type { AfterIteration, Part, ReconstructedMap, Stage, StageProgress, StageResult } from "../stage.ts";
import { afterSearch, afterStage, begin, type Circumstances, type Decision, nextStep } from "./next.ts";
import { openPartFolder } from "./partFolder.ts";
import { placeParticles } from "./placement.ts";
import { type PartEnvironment, type Prepared, prepare } from "./prepare.ts";
import { stageClock } from "./stageClock.ts";

const defaultCheckpointSeconds = 60;
const progressSeconds = 0.25;

/** @returns the map and the seconds it took, those before a resume included */
export async function reconstructPart(
  part: Part,
  partCount: number,
  environment: PartEnvironment,
): Promise<ReconstructedMap & { elapsedSeconds: number }> {
  const { files, options, emit, signal } = environment,
    { set } = part,
    label = part.half === undefined ? {} : { half: part.half };
  const last = options.resume ? await readLastCheckpoint(files, environment.folder(part.checkpoint).path) : undefined,
    found = last?.checkpoint;
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
    ...(options.timeLimit === undefined ? {} : { secondsLeft: budget.seconds - elapsed() }),
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
      if (time - lastSave > (options.checkpointEvery ?? defaultCheckpointSeconds) * 1000) {
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
      unmasked: folder.mapOf({ n: state.volume!.n, data: state.volume!.unmasked }),
      finestShell: state.volume!.n / 2,
      elapsedSeconds: state.elapsedSeconds,
    };
  } finally {
    await prepared.store?.close();
  }
}

function computeStage(
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
