/** One set of particles (all, or a half of them) through all stages, from its checkpoint if there is one. */
import { adversarialStage } from "../adversarial/adversarialStage.ts";
import type { AdversarialRecipe } from "../adversarial/recipes.ts";
import { classesIn, joined, particleShares } from "../classes.ts";
import type { Checkpoint } from "../folder/checkpoint.ts";
import type { ClassResult, MotionResult } from "../folder/events.ts";
import { valueOfFirst } from "../folder/shared.ts";
import { localStage } from "../likelihood/localStage.ts";
import type { ParticleStore } from "../likelihood/particleStore.ts";
import { refinementStage } from "../likelihood/refinementStage.ts";
import { type StartVolume, startVolume } from "../likelihood/startVolume.ts";
import { angularShare } from "../measure/angularShare.ts";
import { openAgreement } from "../measure/startAgreement.ts";
import { type Method, methodOf } from "../method.ts";
import type {
  AfterIteration,
  EstimatedVolume,
  LocalStage,
  Paces,
  Part,
  ReconstructedMap,
  Stage,
  StageContext,
  StageProgress,
  StageResult,
  Task,
} from "../stage.ts";
import type { PartEvidence } from "../verdict/verdict.ts";
import { withPlace } from "./centreMap.ts";
import { classResults } from "./classResults.ts";
import type { Clock } from "./clock.ts";
import {
  iterationSeconds,
  likelySeconds,
  loadingHere,
  paceAt,
  searchSeconds,
  transformingSeconds,
  withPace,
} from "./cost.ts";
import { comesAfterStarts, finestRefined, numberOfStart } from "./course.ts";
import type { Circumstances, Decision } from "./decision.ts";
import { evidenceOf } from "./evidence.ts";
import type { Measures } from "./finer.ts";
import type { GivenStart } from "./givenStart.ts";
import { reopened } from "./goingOn.ts";
import { imagesAtHand } from "./imagesAtHand.ts";
import { type MotionStep, motionSeconds, motionSteps, runMotionStep, stepsToCome } from "./motion.ts";
import { motionResult } from "./motionResult.ts";
import { afterReading, afterSearch, afterStage, atIteration, begin, nextStep, type Step } from "./next.ts";
import { paceMeter } from "./paceMeter.ts";
import { openPartFolder } from "./partFolder.ts";
import { placeParticles } from "./placement.ts";
import type { PartEnvironment } from "./prepare.ts";
import { attainableIn } from "./schedule.ts";
import { firstBox, settingOf } from "./setting.ts";
import { shiftLawOf } from "./shiftLaw.ts";
import { openShowing, shareOfShowing } from "./showing.ts";
import { openStartsBeside, type StartsBeside } from "./startsBeside.ts";
import type { RunTimes } from "./times.ts";

const defaultCheckpointSeconds = 60;
const progressSeconds = 0.25;
/** A map that is quicker to make is written after every stage; others as their share of the time allows. */
const quickMapMs = 250;
/** Of the power of a start's angular features; less is left where the axes of the group are not its own. */
const leastSymmetric = 1 / 2;

/** A part among those of its run. */
export interface PartOfRun {
  part: Part;
  partCount: number;
  /** What is there of an earlier process, and what is wrong with it. */
  last?: { checkpoint: Checkpoint; warning?: string };
  /** How the machine was found to do with the part before. */
  paces: Paces;
  /** Times of the whole run, from those of the part and the pace of its longest stages. */
  times(elapsedSeconds: number, remainingSeconds: number, pace: number): RunTimes;
  clock: Clock;
}

export interface PartResult extends ReconstructedMap {
  /** Those before a resume included. */
  elapsedSeconds: number;
  paces: Paces;
  cutOff?: string;
  classes?: ClassResult[];
  /** Of several classes, or with one of junk: what was found, and the map of each. */
  inClasses?: { state: Checkpoint; ofClass(c: number): ReconstructedMap };
  motion?: MotionResult;
  /** Which of the two the map is. */
  method: Method;
  evidence: PartEvidence;
}

export async function reconstructPart(
  { part, partCount, last, paces, times, clock }: PartOfRun,
  environment: PartEnvironment,
): Promise<PartResult> {
  const { options, emit, processes, signal } = environment,
    { set } = part,
    found = last?.checkpoint,
    label = part.half === undefined ? {} : { half: part.half };
  const setting = settingOf(part, partCount, options, environment.groups, environment.recipe, environment.shown),
    { budget, boxAngstrom } = setting;
  emit({
    type: "start",
    particles: set.count,
    boxSize: set.boxSize,
    pixelSizeAngstrom: set.pixelSizeAngstrom,
    symmetry: options.symmetry,
    ...((options.classes ?? 1) > 1 ? { classes: options.classes } : {}),
    ...(options.junkClass ? { junkClass: true } : {}),
    method: budget.method,
    maskDiameterAngstrom: 2 * setting.maskRadius * boxAngstrom,
    shiftSigmaAngstrom: budget.shiftSigma * boxAngstrom,
    device: `${environment.device.name}: ${environment.device.reason}`,
    seed: options.seed,
    ...environment.origin,
    ...label,
  });
  if (last?.warning) emit({ type: "warning", message: last.warning });
  const began = await clock.meet(),
    earlier = found?.elapsedSeconds ?? 0;
  const elapsed = (): number => earlier + (clock.time() - began) / 1000;

  const images = imagesAtHand(part, setting, environment),
    folder = openPartFolder(part, partCount, setting, environment);
  const contextOf = (stage: Stage): StageContext => ({
    ...images.context(),
    ...(state.places ? { maskCentres: state.places } : {}),
    shiftLaw: shiftLawOf(stage, budget.shiftSigma),
  });
  const { motion: components } = options;
  /** Seconds that finding the motion takes, at the radius that the stages are to reach. */
  const secondsOfMotion = (): number => {
    const { goal, stages } = state.schedule;
    if (components === undefined || stages.length === 0) return 0;
    const steps = motionSteps(components, goal ?? finestRefined(stages), set.count);
    return paceAt(state.paces, "local").factor * motionSeconds(steps, components, budget);
  };
  const circumstances = (): Circumstances => ({
    setting,
    loaded: images.now().loaded,
    ...(options.timeLimit === undefined ? {} : { secondsLeft: budget.seconds - elapsed() - secondsOfMotion() }),
  });
  const agreement = openAgreement(),
    startsBeside = openStartsBeside(processes);
  const shown = openShowing((density) => folder.writeDensity(density, state));
  let state = found ?? begin(firstBox(setting), setting.request, paces);
  const save = async (progress?: StageProgress): Promise<void> => {
    state = { ...state, progress, elapsedSeconds: elapsed() };
    await folder.saveCheckpoint(state);
  };
  const decide = async (decision: Decision, progress?: StageProgress): Promise<void> => {
    const { choice } = decision.state;
    if (choice)
      emit({ type: "choice", ...choice, by: budget.method === "cryogan" ? "critic" : "likelihood", ...label });
    state = await valueOfFirst(processes, withStartsCompared(decision.state, agreement));
    const { warning: message, plannedAngstrom } = decision;
    if (message !== undefined)
      emit({ type: "warning", message, ...(plannedAngstrom === undefined ? {} : { plannedAngstrom }), ...label });
    await save(progress);
  };

  /** From when on time counts as that of the next stage: since the one before, but for loading and searching. */
  let since = began;
  /** Seconds that a task takes by the clock, set against the estimate. */
  const paced = async <T>(task: Task, estimate: number, work: () => Promise<T>): Promise<T> => {
    const begun = clock.time(),
      result = await work(),
      taken = (await clock.meet()) - begun;
    since += taken;
    if (estimate > 0) state = { ...state, paces: withPace(state.paces, task, taken / 1000 / estimate) };
    return result;
  };

  const read = async (boxSize: number): Promise<void> => {
    const { spectra, nextBox } = state.schedule;
    const measured = await images.read(boxSize, nextBox === undefined ? spectra : undefined);
    since = await clock.meet();
    const decision = afterReading(state, measured, circumstances());
    if (nextBox === undefined) state = await valueOfFirst(processes, decision.state);
    else await decide(decision);
    if (environment.start && !state.volume)
      state = await valueOfFirst(processes, { ...state, volume: await given(environment.start) });
    await folder.writeConfig(state);
    await folder.writeSpectra(state);
  };
  const given = async (start: GivenStart): Promise<EstimatedVolume> => {
    const context = images.context(),
      ofClasses: StartVolume[] = [];
    for (const group of context.groups) ofClasses.push(await startVolume(start, { ...context, groups: [group] }));
    const symmetric = Math.min(...ofClasses.map((each) => each.symmetric)),
      [{ volume: first }] = ofClasses as [StartVolume];
    if (symmetric < leastSymmetric)
      emit({
        type: "warning",
        message:
          `${start.path} does not have the symmetry ${options.symmetry} about its axes: of what is not round in it ` +
          `${Math.round(100 * symmetric)} % is left; turn it onto them, or give its own group`,
      });
    return {
      n: first.n,
      data: joined(ofClasses.map(({ volume }) => volume.data)),
      unmasked: joined(ofClasses.map(({ volume }) => volume.unmasked)),
    };
  };
  const load = (maxRadius: number): Promise<void> =>
    paced("loading", transformingSeconds(maxRadius, budget), () => images.load(maxRadius));
  const search = async (stage: LocalStage): Promise<void> => {
    const context = {
      ...contextOf(stage),
      store: images.store()!,
      scales: state.scales,
      viewWeights: state.viewWeights,
      shares: state.shares,
      memberships: state.memberships,
    };
    const known = { shifts: state.shifts ?? new Float32Array(2 * context.count), poses: state.poses, fit: state.fit };
    // until it is done the last checkpoint stands
    const placement = await paced("search", searchSeconds(stage, budget), () =>
      placeParticles(stage, state.volume!, context, known, () => signal?.throwIfAborted()),
    );
    await decide(afterSearch(state, placement, circumstances()));
  };
  let nextMap = 0;
  const runStage = async (stage: Stage): Promise<void> => {
    const index = state.stage;
    await folder.writeConfig(state);
    emit({
      type: "stage",
      stage: index + 1,
      stages: state.schedule.stages.length,
      kind: stage.kind,
      boxSize: 2 * stage.maxRadius,
      resolutionAngstrom: boxAngstrom / stage.maxRadius,
      iterations: stage.iterations,
      ...numberOfStart(state.schedule.stages, index),
      ...label,
    });
    const begun = clock.time(),
      meter = paceMeter(stage.kind, iterationSeconds(stage, budget), since / 1000, state.paces);
    let lastSave = begun,
      lastReport = 0;
    const result = await computeStage(
      stage,
      { context: contextOf(stage), store: images.store(), recipe: environment.recipe, startsBeside },
      state,
      async (report, snapshot, density) => {
        const time = await clock.meet(),
          { iteration, iterations, losses, logLikelihood } = report;
        if (density && processes.rank === 0 && (await shown(density)))
          emit({ type: "density", stage: index + 1, iteration, ...label });
        state = { ...state, paces: meter(iteration, time / 1000) };
        if (time - lastReport > progressSeconds * 1000 || iteration === iterations || logLikelihood !== undefined) {
          lastReport = time;
          const coming = startsBeside.left(state.schedule.stages.slice(index)),
            remaining =
              likelySeconds(coming, iteration, budget, state.paces) +
              loadingHere(finestRefined(coming), images.now().loaded, budget, state.paces);
          emit({
            type: "progress",
            stage: index + 1,
            iteration,
            iterations,
            ...times(elapsed(), remaining, state.paces.adversarial?.factor ?? 1),
            ...losses,
            ...(logLikelihood === undefined ? {} : { logLikelihood }),
            ...(report.shares ? { shares: report.shares } : {}),
            ...label,
          });
        }
        if (signal?.aborted) {
          if (snapshot) await save(await snapshot());
          signal.throwIfAborted();
        }
        if (!snapshot) return undefined;
        const decision = atIteration(state, iteration, (time - begun) / 1000, circumstances());
        if (decision) await decide(decision, await snapshot());
        else if (time - lastSave <= (options.checkpointEvery ?? defaultCheckpointSeconds) * 1000) return undefined;
        else await save(await snapshot());
        lastSave = clock.time();
        return state.schedule.stages[index]!.iterations;
      },
    );
    since = await clock.meet();
    const { spectra } = state.schedule;
    const measures: Measures = {
      share: () =>
        angularShare(
          result.volume,
          spectra!,
          attainableIn(stage, spectra!, budget),
          particleShares(result.shares, classesIn(result.volume)),
        ),
      agreement,
    };
    const decision = afterStage(state, result, measures, circumstances());
    // A start that is judged is one of several.
    await decide(
      comesAfterStarts(stage) || (decision.state.finished && budget.method === "cryogan")
        ? {
            ...decision,
            state: withPlace(decision.state, { ...images.context(), shiftSigma: budget.shiftSigma }),
          }
        : decision,
    );
    const written = performance.now();
    if (written < nextMap && !state.finished) return;
    await folder.writeResult(state);
    await folder.writeStageFiles(state, result, images.context());
    for (const path of [...folder.classMaps(state), part.map])
      emit({ type: "map", path, stage: index + 1, iteration: stage.iterations, ...label });
    const taken = performance.now() - written;
    if (taken > quickMapMs) nextMap = written + taken / shareOfShowing;
  };

  const motionToCome = (): MotionStep[] =>
    components === undefined || !state.finished ? [] : stepsToCome(state, components, set.count);
  const findMotion = async (step: MotionStep): Promise<void> => {
    const { maxRadius, iterations } = step.stage,
      done = state.schedule.stages.length,
      number = 1 + done + (state.motion?.steps ?? 0),
      coming = motionToCome();
    emit({
      type: "stage",
      stage: number,
      stages: number - 1 + coming.length,
      kind: step.kind,
      boxSize: 2 * maxRadius,
      resolutionAngstrom: boxAngstrom / maxRadius,
      iterations,
    });
    const context = {
      ...contextOf({ kind: "local", maxRadius, iterations, particles: set.count }),
      store: images.store()!,
      viewWeights: state.viewWeights,
    };
    let lastSave = clock.time(),
      lastReport = 0;
    const motion = await runMotionStep(
      step,
      { recipe: environment.recipe, groupOrder: budget.groupOrder },
      context,
      state,
      () => signal?.throwIfAborted(),
      async ({ iteration, logLikelihood, losses }, snapshot) => {
        const time = await clock.meet();
        if (time - lastReport > progressSeconds * 1000 || logLikelihood !== undefined) {
          lastReport = time;
          const seconds = motionSeconds(coming, components!, budget),
            ofThis = motionSeconds([step], components!, budget),
            remaining = paceAt(state.paces, "local").factor * (seconds - (ofThis * iteration) / iterations);
          emit({
            type: "progress",
            stage: number,
            iteration,
            iterations,
            ...times(elapsed(), remaining, 1),
            ...losses,
            ...(logLikelihood === undefined ? {} : { logLikelihood }),
          });
        }
        if (signal?.aborted) {
          if (snapshot) await save(await snapshot());
          signal.throwIfAborted();
        }
        if (!snapshot) return undefined;
        if (time - lastSave <= (options.checkpointEvery ?? defaultCheckpointSeconds) * 1000) return undefined;
        await save(await snapshot());
        lastSave = clock.time();
        return undefined;
      },
    );
    state = await valueOfFirst(processes, { ...state, motion });
    await save();
    for (const path of await folder.writeMotion(state))
      emit({ type: "map", path, stage: number, iteration: iterations });
  };

  try {
    if (found) {
      const decision = reopened(found, circumstances());
      if (decision.state !== found) {
        await decide(decision, decision.state.progress);
        await folder.writeConfig(state);
      }
    }
    const next = (): Step => nextStep(state, images.now(), motionToCome()[0]);
    for (let step = next(); step.kind !== "end"; step = next()) {
      if (step.kind === "read") await read(step.boxSize);
      else if (step.kind === "load") await load(step.maxRadius);
      else if (step.kind === "search") await search(step.stage);
      else if (step.kind === "motion") await findMotion(step.step);
      else await runStage(step.stage);
    }
    await folder.writeParticles(state);
    const classes = classResults(state, { count: set.count, boxAngstrom, symmetry: options.symmetry });
    for (const { number, empty } of classes ?? [])
      if (empty)
        emit({
          type: "warning",
          message: `class ${number}${
            part.half === undefined ? "" : ` of half ${part.half}`
          } has no particles left; it has no map`,
        });
    const motion = motionResult(state, boxAngstrom),
      ended = state;
    return {
      ...(classes ? { classes } : {}),
      ...(motion ? { motion } : {}),
      ...(ended.shares ? { inClasses: { state: ended, ofClass: (c) => folder.ofClass(ended, c) } } : {}),
      map: await folder.writeResult(state),
      unmasked: folder.unmaskedResult(state),
      finestShell: state.volume!.n / 2,
      elapsedSeconds: state === found ? earlier : elapsed(),
      paces: state.paces,
      method: methodOf(state.schedule.stages),
      ...(state.cutOff === undefined ? {} : { cutOff: state.cutOff }),
      evidence: evidenceOf(state, setting, environment.mask),
    };
  } finally {
    await images.close();
  }
}

/** The next best start compared with the one that was chosen; one takes some seconds, and the others tell no more. */
function withStartsCompared(state: Checkpoint, agreement: Measures["agreement"]): Checkpoint {
  const { volume, otherStarts } = state;
  if (!otherStarts) return state;
  const [next] = otherStarts;
  return {
    ...state,
    otherStarts: undefined,
    choice: undefined,
    // Which class of one is which of another start is not known.
    ...(next && classesIn(volume!) === 1
      ? { startAgreement: [agreement(volume!, next)], startShell: volume!.n / 2 }
      : {}),
  };
}

function computeStage(
  stage: Stage,
  {
    context,
    store,
    recipe,
    startsBeside,
  }: {
    context: StageContext;
    store: ParticleStore | undefined;
    recipe: AdversarialRecipe;
    startsBeside: StartsBeside;
  },
  state: Checkpoint,
  after: AfterIteration,
): Promise<StageResult> {
  const { volume, shifts, scales, viewWeights, shares, memberships, centre, poses, progress } = state;
  if (stage.kind === "adversarial") {
    const { start } = stage;
    if (start === undefined) return adversarialStage(stage, recipe, context, volume, centre, progress, after);
    const coming = state.schedule.stages.slice(state.stage + 1);
    return startsBeside.make({ ...stage, start }, coming, progress === undefined, after, (own, processes, told) =>
      adversarialStage(own, recipe, { ...context, processes }, undefined, centre, progress, told),
    );
  }
  const all = { ...context, store: store!, scales, viewWeights, shares, memberships };
  if (stage.kind === "local") {
    const previous = { volume: volume!, placement: { poses: poses!, shifts: shifts! } };
    return localStage(stage, all, previous, progress, after);
  }
  return refinementStage(stage, all, volume!, shifts, progress, after);
}
