/**
 * What a run goes through after its stages where the molecule moves: components in the simulator, then in the
 * likelihood, then a series of maps along each.
 */
import { adversarialStage } from "../adversarial/adversarialStage.ts";
import { type AdversarialRecipe, startRadius } from "../adversarial/recipes.ts";
import { mainClass } from "../classes.ts";
import type { Checkpoint } from "../folder/checkpoint.ts";
import type { RefinementContext } from "../likelihood/context.ts";
import { inOrder } from "../likelihood/motionModel.ts";
import { componentOf, placesAlong, seriesStage } from "../likelihood/motionSeries.ts";
import { motionStage, motionToRefine } from "../likelihood/motionStage.ts";
import { compareHalfSamples } from "../measure/halfSamples.ts";
import type { MotionFound, MotionSeries, MotionState } from "../motion.ts";
import { mostMaps } from "../motionMaps.ts";
import type { AdversarialStage, AfterIteration, LocalStage, MotionStage, StageResult } from "../stage.ts";
import { iterationSeconds, type Work } from "./cost.ts";
import { placeParticles } from "./placement.ts";
import { attainableSnr } from "./schedule.ts";

export type MotionStep =
  | { kind: "adversarial"; stage: AdversarialStage }
  | { kind: "motion"; stage: MotionStage; last: boolean }
  | { kind: "series"; component: number; maps: number; stage: LocalStage };

/** By which the simulator finds components from noise (docs/decisions/0020-motion.md). */
const startIterations = 200;
/**
 * They are refined at the first radius, where features are coarser than what they move by, then at the others, by so
 * many passes at most.
 */
const radii = [10, 16, 24] as const,
  passes = [12, 4, 2] as const;
const seriesPasses = 2;
const fewestMaps = 5,
  particlesPerMap = 200;
/** Sums of both halves of all maps of a series, and the joint estimate of these, bytes. */
const mostSums = 2e9;

/** @param finest radius of the map that the stages came to */
export function motionSteps(components: number, finest: number, count: number): MotionStep[] {
  const coarse = radii.map((radius) => Math.min(radius, finest)),
    stages = coarse.filter((radius, i) => i === 0 || radius > coarse[i - 1]!),
    { maps, maxRadius } = seriesSize(finest, count);
  return [
    {
      kind: "adversarial",
      stage: {
        kind: "adversarial",
        maxRadius: Math.min(startRadius, finest),
        iterations: startIterations,
        components,
      },
    },
    ...stages.map((radius, i) => ({
      kind: "motion" as const,
      stage: { maxRadius: radius, iterations: passes[i]! },
      last: i === stages.length - 1,
    })),
    ...Array.from({ length: components }, (_, component) => ({
      kind: "series" as const,
      component,
      maps,
      stage: { kind: "local" as const, maxRadius, iterations: seriesPasses, particles: count },
    })),
  ];
}

function seriesSize(finest: number, count: number): { maps: number; maxRadius: number } {
  const bytes = (maps: number, radius: number): number => 28 * maps * (4 * radius + 2) ** 3;
  let maps = Math.max(fewestMaps, Math.min(mostMaps, Math.floor(count / particlesPerMap))),
    maxRadius = finest;
  while (maps > fewestMaps && bytes(maps, maxRadius) > mostSums) maps--;
  while (bytes(maps, maxRadius) > mostSums) maxRadius--;
  return { maps, maxRadius };
}

/** The steps that are left once the stages are done. */
export const stepsToCome = (state: Checkpoint, components: number, count: number): MotionStep[] =>
  state.cutOff === undefined ? motionSteps(components, state.volume!.n / 2, count).slice(state.motion?.steps ?? 0) : [];

/** Seconds on the machine of the cost model: an image is of each part, or compared with each, or with two maps. */
export const motionSeconds = (steps: readonly MotionStep[], components: number, work: Work): number =>
  steps.reduce((sum, { kind, stage }) => {
    const pass = iterationSeconds(
      kind === "adversarial" ? stage : { ...stage, kind: "local", particles: work.count },
      work,
    );
    return sum + stage.iterations * pass * (kind === "series" ? 2 : 1 + components);
  }, 0);

/**
 * Goes through a step, from its start or from a checkpoint inside it.
 * @param onSearch throwing ends the search for poses, where none are known
 */
export async function runMotionStep(
  step: MotionStep,
  { recipe, groupOrder }: { recipe: AdversarialRecipe; groupOrder: number },
  context: RefinementContext,
  state: Checkpoint,
  onSearch: () => void,
  after: AfterIteration,
): Promise<MotionState> {
  const { motion, progress, scales } = state;
  if (step.kind === "adversarial") {
    const { volume } = await adversarialStage(step.stage, recipe, context, state.volume, state.shifts, progress, after);
    return { steps: 1, start: volume, series: [] };
  }
  if (step.kind === "motion") {
    const previous = motion!.found ?? {
      model: motionToRefine(state.volume!, motion!.start!, step.stage.maxRadius, context),
      placement: await placementOf(state, step.stage, context, onSearch),
      ...(scales ? { scales } : {}),
    };
    const found = await motionStage(step.stage, context, previous, progress, after);
    return {
      steps: motion!.steps + 1,
      found: step.last ? { ...found, ...inOrder(found.model, found.latent) } : found,
      series: [],
    };
  }
  const { series, steps, placement } = motion!,
    found = motion!.found!,
    places = placesAlong(componentOf(found.model, found.latent, step.component), step.maps),
    all = { ...context, scales: found.scales };
  const result = await seriesStage(step.stage, all, found, step.component, places, progress, after);
  return {
    steps: steps + 1,
    found,
    series: [...series, { places, ...seriesOf(result, context, groupOrder) }],
    placement: placement ?? placementIn(result),
  };
}

/** Poses that the motion begins with: those of the stages, or, where these tried all, the most likely ones. */
async function placementOf(
  { poses, shifts, volume, fit }: Checkpoint,
  { maxRadius, iterations }: MotionStage,
  context: RefinementContext,
  onSearch: () => void,
): Promise<MotionFound["placement"]> {
  const known = { shifts: shifts ?? new Float32Array(2 * context.count) };
  if (poses) return { ...known, poses };
  const stage: LocalStage = { kind: "local", maxRadius, iterations, particles: context.count };
  const found = await placeParticles(stage, volume!, context, { ...known, fit }, onSearch);
  return { poses: found.poses, shifts: found.shifts };
}

function seriesOf(
  { volume: { n, data }, shares, halfSamples }: StageResult,
  { spectra, count }: RefinementContext,
  groupOrder: number,
): Omit<MotionSeries, "places"> {
  const own = [...shares!],
    told =
      halfSamples && compareHalfSamples(halfSamples, n, spectra, attainableSnr(spectra, count, groupOrder), count, own);
  return { volume: { n, data }, shares: own, ...(told?.classes ? { agreement: told.classes } : {}) };
}

/** Of each particle the pose in the map that it counts most in. */
function placementIn({ poses, shifts, memberships, shares }: StageResult): MotionFound["placement"] {
  const maps = shares!.length,
    count = memberships!.length / maps,
    own = new Float32Array(9 * count);
  for (let p = 0; p < count; p++) {
    const at = 9 * (mainClass(memberships!, maps, count, p) * count + p);
    own.set(poses!.subarray(at, at + 9), 9 * p);
  }
  return { poses: own, shifts: shifts! };
}
