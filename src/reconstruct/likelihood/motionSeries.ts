/**
 * Maps along a component: at places from the 5th to the 95th percentile of z, each of the particles about it. A linear
 * description holds only for what moves by less than its own size; these maps show the finer parts, too. What they have
 * in common each shows by the particles of all.
 *
 * @see Gilles & Singer (2025) PNAS 122, e2419140122 (kernel regression over z)
 */
import { changeBoxes, eachClass, joined, partOf } from "../classes.ts";
import type { Latent, MotionFound, MotionModel } from "../motion.ts";
import type { AfterIteration, LocalStage, StageProgress, StageResult } from "../stage.ts";
import { sharesOf } from "./classShares.ts";
import type { RefinementContext } from "./context.ts";
import { localStage } from "./localStage.ts";
import { componentsOf } from "./motionModel.ts";

const firstPercentile = 0.05,
  lastPercentile = 0.95;

/** z of a component at evenly spaced percentiles of the particles. */
export function placesAlong(z: Float32Array, maps: number): number[] {
  const sorted = z.slice().sort();
  return Array.from({ length: maps }, (_, i) => {
    const share = firstPercentile + ((lastPercentile - firstPercentile) * i) / (maps - 1);
    return sorted[Math.round(share * (sorted.length - 1))]!;
  });
}

/**
 * How much each particle counts in the map of each place, [places, count]: linearly between the two places that it lies
 * between, so that it counts once in all.
 */
export function weightsAlong(z: Float32Array, places: readonly number[]): Float32Array {
  const count = z.length,
    out = new Float32Array(places.length * count);
  z.forEach((value, p) => {
    let i = 0;
    while (i < places.length - 2 && value > places[i + 1]!) i++;
    const [from, to] = [places[i]!, places[i + 1]!];
    const t = to > from ? Math.min(1, Math.max(0, (value - from) / (to - from))) : 0;
    out[i * count + p] = 1 - t;
    out[(i + 1) * count + p] = t;
  });
  return out;
}

/** Component j of z of the particles. */
export const componentOf = (model: MotionModel, { means }: Latent, j: number): Float32Array =>
  partOf(means, j, componentsOf(model));

/**
 * Refines the maps along component j together, as if each were a class and the particles of it by what the series
 * begins with.
 *
 * @param maps how many
 * @returns a class for each map
 */
export async function seriesStage(
  stage: LocalStage,
  context: RefinementContext,
  { model, latent, placement }: MotionFound,
  j: number,
  places: readonly number[],
  from: StageProgress | undefined,
  after: AfterIteration,
): Promise<StageResult> {
  const maps = places.length,
    parts = 1 + componentsOf(model),
    memberships = weightsAlong(componentOf(model, latent, j), places),
    all = Int32Array.from({ length: context.count }, (_, p) => p);
  const mean = partOf(model.volumes, 0, parts),
    component = partOf(model.volumes, 1 + j, parts),
    along = joined(places.map((z) => mean.map((v, i) => v + z * component[i]!)));
  const shares = sharesOf({ shares: new Float32Array(maps), memberships }, all);
  return localStage(
    stage,
    {
      ...context,
      groups: eachClass(maps, () => context.groups[0]!),
      ...(context.maskCentres ? { maskCentres: eachClass(maps, () => context.maskCentres![0]!) } : {}),
      shares,
      memberships,
      alike: true,
    },
    {
      volume: changeBoxes({ n: model.n, data: along }, 2 * stage.maxRadius),
      placement: { poses: joined(eachClass(maps, () => placement.poses)), shifts: placement.shifts, memberships },
    },
    from,
    after,
  );
}
