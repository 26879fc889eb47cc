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
import { afterSearch, afterStage, atIteration, begin, nextStep } from "../../../src/reconstruct/run/next.ts";
import { paceMeter } from "../../../src/reconstruct/run/paceMeter.ts";
import { affordableRadius, automaticSchedule, type Budget } from "../../../src/reconstruct/run/schedule.ts";
import type { Stage, Task } from "../../../src/reconstruct/stage.ts";

export const boxAngstrom = 325;
export const budgetOf = (change: Partial<Budget> = {}): Budget => ({
  seconds: 90,
  start: likelihoodRatioRecipe.start,
  count: 20_000,
  groupOrder: 1,
  readSeconds: 2e-5,
  shifts: true,
  ...change,
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
}

export interface Outcome {
  state: Checkpoint;
  /** As they were gone through: with the iterations done. */
  stages: Stage[];
  warnings: string[];
  seconds: number;
}

const empty = { data: new Float32Array(0), unmasked: new Float32Array(0) };

/** A run that begins, with as much time as the budget has. */
export function virtualRun(budget: Budget, machine: Machine, finest: number, limited = true): Outcome {
  const goal = Math.min(finest, affordableRadius(budget));
  const schedule = {
    stages: automaticSchedule(goal, budget),
    goal,
    workingBox: 2 * goal,
    spectra: { noise: new Float64Array(0), signal: new Float64Array(0) },
  };
  return goOn(begin(schedule, {}), budget, machine, limited);
}

export function goOn(from: Checkpoint, budget: Budget, machine: Machine, limited = true): Outcome {
  const { overheadSeconds = 0, passes = 6, certainty = 1 } = machine;
  const pace = (task: Task): number => (typeof machine.pace === "number" ? machine.pace : machine.pace(task, seconds));
  let seconds = from.elapsedSeconds,
    loaded = 0,
    state = from;
  seconds += readingSeconds(budget) * pace("loading");
  const warnings: string[] = [],
    stages: Stage[] = [];
  const circumstances = () => ({
    budget,
    boxAngstrom,
    loaded,
    ...(limited ? { secondsLeft: budget.seconds - seconds } : {}),
  });
  const decide = ({ state: next, warning }: { state: Checkpoint; warning?: string }): void => {
    state = { ...next, elapsedSeconds: seconds };
    if (warning !== undefined) warnings.push(warning);
  };
  for (let step = nextStep(state, loaded); step.kind !== "end"; step = nextStep(state, loaded)) {
    if (step.kind === "load") {
      loaded = step.maxRadius;
      seconds += transformingSeconds(loaded, budget) * pace("loading");
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
    decide(afterStage(state, { volume: { ...empty, n: 2 * stage.maxRadius }, logLikelihood: 1 }, circumstances()));
  }
  return { state, stages, warnings, seconds };
}
