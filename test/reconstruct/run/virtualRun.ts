/** A run on a machine whose pace is known: the steps are those of a real run, the clock and the results are made up. */
import { likelihoodRatioRecipe } from "../../../src/reconstruct/adversarial/recipes.ts";
import type { Checkpoint } from "../../../src/reconstruct/folder/checkpoint.ts";
import {
  iterationSeconds,
  readingSeconds,
  searchSeconds,
  transformingSeconds,
  withPace,
} from "../../../src/reconstruct/run/cost.ts";
import type { Circumstances, Decision } from "../../../src/reconstruct/run/decision.ts";
import { reopened } from "../../../src/reconstruct/run/goingOn.ts";
import {
  afterReading,
  afterSearch,
  afterStage,
  atIteration,
  begin,
  nextStep,
} from "../../../src/reconstruct/run/next.ts";
import { paceMeter } from "../../../src/reconstruct/run/paceMeter.ts";
import type { Budget } from "../../../src/reconstruct/run/schedule.ts";
import { firstBox, type Setting } from "../../../src/reconstruct/run/setting.ts";
import type { Stage, Task } from "../../../src/reconstruct/stage.ts";

export const boxAngstrom = 325;
export const budgetOf = (change: Partial<Budget> = {}): Budget => ({
  seconds: 90,
  method: "refined",
  start: likelihoodRatioRecipe.start,
  finerStart: likelihoodRatioRecipe.finerStart,
  onward: likelihoodRatioRecipe.onward,
  adversarialSeconds: likelihoodRatioRecipe.iterationSeconds,
  count: 20_000,
  groupOrder: 1,
  readSeconds: 2e-5,
  shiftSigma: 0.025,
  ...change,
});

/** Images in which so many shells can be seen, and the time limit of the budget. */
export const settingOf = (budget: Budget, shells: number, change: Partial<Setting> = {}): Setting => ({
  boxAngstrom,
  maskRadius: 0.45,
  budget,
  boxSize: 2 * shells,
  limit: shells,
  request: { timeLimit: budget.seconds },
  ...change,
});
const spectraOf = (workingBox: number) => ({
  noise: new Float64Array(workingBox / 2 + 1).fill(1),
  signal: new Float64Array(workingBox / 2 + 1).fill(1),
});

export interface Machine {
  /** Seconds that a second of the estimate takes. */
  pace: number | ((task: Task, seconds: number) => number);
  /** Before the first iteration of a stage. */
  overheadSeconds?: number;
  /** Passes after which the likelihood stands still. */
  passes?: number;
  /** Of the search for poses. */
  certainty?: number;
  /** Of the images' angular signal, that every density explains. */
  share?: number;
  /** How far the two likeliest of so many starts agree; else they do. */
  agreement?: (starts: number) => number;
}

export interface Outcome {
  state: Checkpoint;
  /** As they were gone through: with the iterations done. */
  stages: Stage[];
  warnings: string[];
  seconds: number;
}

/** A run that begins. */
export const virtualRun = (setting: Setting, machine: Machine): Outcome =>
  goOn(begin(firstBox(setting), setting.request, {}), setting, machine);

export function goOn(from: Checkpoint, setting: Setting, machine: Machine): Outcome {
  const { overheadSeconds = 0, passes = 6, certainty = 1, share = 1, agreement = () => 1 } = machine,
    { budget } = setting;
  const pace = (task: Task): number => (typeof machine.pace === "number" ? machine.pace : machine.pace(task, seconds));
  let seconds = from.elapsedSeconds,
    atHand = { boxSize: 0, loaded: 0 },
    state = from;
  const warnings: string[] = [],
    stages: Stage[] = [];
  const circumstances = (): Circumstances => ({
    setting,
    loaded: atHand.loaded,
    ...(setting.request.timeLimit === undefined ? {} : { secondsLeft: budget.seconds - seconds }),
  });
  const decide = ({ state: next, warning }: Decision): void => {
    state = { ...next, elapsedSeconds: seconds };
    if (warning !== undefined) warnings.push(warning);
  };
  decide(reopened(from, circumstances()));
  for (let step = nextStep(state, atHand); step.kind !== "end"; step = nextStep(state, atHand)) {
    if (step.kind === "read") {
      seconds += readingSeconds(budget) * pace("loading");
      atHand = { boxSize: step.boxSize, loaded: 0 };
      decide(afterReading(state, spectraOf(step.boxSize), circumstances()));
      continue;
    }
    if (step.kind === "load") {
      atHand = { ...atHand, loaded: step.maxRadius };
      seconds += transformingSeconds(step.maxRadius, budget) * pace("loading");
      state = { ...state, paces: withPace(state.paces, "loading", pace("loading")) };
      continue;
    }
    if (step.kind === "search") {
      const estimate = searchSeconds(step.stage, budget);
      seconds += estimate * pace("search");
      if (estimate > 0) state = { ...state, paces: withPace(state.paces, "search", pace("search")) };
      const placement = { poses: new Float32Array(0), shifts: new Float32Array(0) };
      decide(afterSearch(state, { ...placement, certainty }, circumstances()));
      continue;
    }
    if (step.kind === "motion") throw new Error("no motion is asked for");
    const { stage } = step,
      each = iterationSeconds(stage, budget),
      begun = seconds,
      meter = paceMeter(stage.kind, each, begun, state.paces);
    seconds += overheadSeconds;
    let done = 0;
    for (let { iterations } = stage; done < iterations && !(stage.kind === "refinement" && done >= passes); ) {
      // In refinement there are reports within passes, too; the first after a small part.
      if (stage.kind !== "adversarial" && done === 0) state = { ...state, paces: meter(1e-3, seconds) };
      seconds += each * pace(stage.kind);
      done++;
      state = { ...state, paces: meter(done, seconds) };
      const decision = atIteration(state, done, seconds - begun, circumstances());
      if (decision) decide(decision);
      iterations = state.schedule.stages[state.stage]!.iterations;
    }
    stages.push({ ...state.schedule.stages[state.stage]!, iterations: done });
    const density = Float32Array.of(state.schedule.workingBox ** 2); // in its scale, as a map of 1
    const volume = { n: 2 * stage.maxRadius, data: density, unmasked: density };
    const made = (state.starts?.length ?? 0) + 1,
      measures = { share: () => share, agreement: () => agreement(made) };
    decide(afterStage(state, { volume, logLikelihood: 1 }, measures, circumstances()));
  }
  return { state, stages, warnings, seconds };
}
