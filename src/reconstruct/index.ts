/**
 * The loop: losses and optimiser, adversarial and refinement stages as tensor programs, the schedule, and whole runs from a particle file to a run folder.
 *
 * @module
 */
export { adam, parameter, type AdamOptions, type Parameter } from "./adam.ts";
export { adversarialProgram, initialCritic, type AdversarialSettings } from "./adversarial.ts";
export type { RunDirections, RunEvent, RunExamples, RunSpectra, RunTemplates } from "./events.ts";
export { clipByNorm, logisticR1, wganGp, type AdversarialLoss, type JudgedBatch } from "./losses.ts";
export { chooseRecipe, convolutionalRecipe, likelihoodRatioRecipe, type AdversarialRecipe, type CriticName, type LossName } from "./recipes.ts";
export { expectationProgram, tableProgram, templateProgram, viewGrid, viewLikelihoodProgram, type ExpectationShape } from "./refinement.ts";
export { reconstruct, type ReconstructOptions, type RunResult } from "./run.ts";
export { attainableSnr, automaticSchedule, finalRadius, type AdversarialStage, type Budget, type LocalStage, type RefinementStage, type Stage } from "./schedule.ts";
export { measureSpectra, type Spectra } from "./spectra.ts";
export { casTransform, coefficientAmplitude, density, sphericalMask, type VolumeModel } from "./volume.ts";
