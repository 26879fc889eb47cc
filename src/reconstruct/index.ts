/**
 * The loop: losses and optimiser, adversarial and refinement stages as tensor programs, the schedule, and whole runs
 * from a particle file to a run folder.
 *
 * @module
 */

export { type AdamOptions, adam, type Parameter, parameter } from "./adversarial/adam.ts";
export { type AdversarialSettings, adversarialProgram, initialCritic } from "./adversarial/iteration.ts";
export { type AdversarialLoss, clipByNorm, type JudgedBatch, logisticR1, wganGp } from "./adversarial/losses.ts";
export { iterationsOfEpoch, paperRecipe } from "./adversarial/paper.ts";
export {
  type AdversarialRecipe,
  chooseRecipe,
  convolutionalRecipe,
  likelihoodRatioRecipe,
} from "./adversarial/recipes.ts";
export { casTransform, coefficientAmplitude, density } from "./adversarial/volume.ts";
export type { RunEvent, RunExamples, RunSpectra } from "./folder/events.ts";
export {
  type ExpectationShape,
  expectationProgram,
  templateProgram,
  viewLikelihoodProgram,
} from "./likelihood/refinement.ts";
export { measureSpectra, type Spectra } from "./measure/spectra.ts";
export type { CriticName, LossName, ReconstructOptions, RunRequest } from "./options.ts";
export type { Host } from "./run/host.ts";
export { nodeHost } from "./run/nodeHost.ts";
export { type RunResult, reconstruct } from "./run/run.ts";
export { attainableSnr, automaticSchedule, type Budget, finalRadius } from "./run/schedule.ts";
export type { AdversarialStage, LocalStage, RefinementStage, RunDirections, RunTemplates, Stage } from "./stage.ts";
