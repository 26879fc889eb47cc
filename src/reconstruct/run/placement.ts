/** When, and for which particles, all poses are searched before a stage of local refinement. */
import { changeBoxes, eachClass, joined, largestOf, partOf, shareOfLogs, volumeOf } from "../classes.ts";
import { classShares, logShares } from "../likelihood/classShares.ts";
import type { RefinementContext } from "../likelihood/context.ts";
import { type Placement, type PoseSearch, type PosesFound, searchPoses } from "../likelihood/poseSearch.ts";
import { weightsOfClasses } from "../likelihood/viewPrior.ts";
import type { LocalStage, StageVolume } from "../stage.ts";
import { finestGlobalSearch, searchesAgain } from "./radii.ts";

/** Trial shifts about the one known, in steps of a fifth of a wave. */
function cross(radius: number): (readonly [number, number])[] {
  const step = 0.2 / radius;
  return [
    [0, 0],
    [step, 0],
    [-step, 0],
    [0, step],
    [0, -step],
  ];
}
/** Of particles whose poses are known, this share is searched for again: those that fit worst. */
const searchedAgain = 1 / 2;

/** Where particles are so far: shifts, and after a local stage also poses and how well they fit. */
export type Known = Pick<Placement, "shifts"> & Partial<Placement & { fit: Float32Array }>;

/**
 * Poses and shifts to start a stage from.
 *
 * @param onProgress throwing ends the search
 * @returns also, after the first search, the mean posterior probability of what was found
 */
export async function placeParticles(
  stage: LocalStage,
  volume: StageVolume,
  context: RefinementContext,
  { shifts, poses, fit }: Known,
  onProgress: () => void,
): Promise<Placement & { certainty: number }> {
  if (poses && !searchesAgain(stage)) return { poses, shifts, certainty: 1 };
  const radius = Math.min(volume.n / 2, stage.searchRadius ?? finestGlobalSearch),
    coarse = changeBoxes(volume, 2 * radius);
  const all = Int32Array.from({ length: context.count }, (_, p) => p);
  if (!poses || !fit) return searchClasses(coarse, context, { chosen: all, trials: [[0, 0]], shifts, onProgress });
  const worst = all
    .sort((a, b) => fit[a]! - fit[b]!)
    .subarray(0, Math.ceil(searchedAgain * context.count))
    .sort();
  return {
    ...(await searchClasses(coarse, context, {
      chosen: worst,
      trials: context.shiftLaw.kind === "none" ? [[0, 0]] : cross(radius),
      shifts,
      poses,
      onProgress,
    })),
    certainty: 1,
  };
}

/**
 * Searches all poses in each class. A particle has the shift of the class that it belongs to most likely.
 * @returns also the mean posterior probability of what was found
 */
async function searchClasses(
  volume: StageVolume,
  context: RefinementContext,
  search: PoseSearch,
): Promise<Placement & { certainty: number }> {
  const { groups, count, junk = false } = context,
    classes = groups.length,
    { chosen, poses } = search;
  const weights = weightsOfClasses(context);
  const found: PosesFound[] = [];
  for (let c = 0; c < classes; c++)
    found.push(
      await searchPoses(
        volumeOf(volume, c).data,
        volume.n / 2,
        { ...context, groups: [groups[c]!], viewWeights: weights?.[c] },
        { ...search, ...(poses && { poses: partOf(poses, c, classes) }) },
      ),
    );
  const place = { poses: joined(found.map((each) => each.poses)), shifts: found[0]!.shifts };
  const meanOf = (of: (i: number) => number): number => chosen.reduce((sum, _, i) => sum + of(i), 0) / chosen.length;
  if (classes === 1) return { ...place, certainty: meanOf((i) => found[0]!.certainty[i]!) };
  const known = classShares(classes, junk, count, context),
    logs = logShares(known, classes),
    { memberships } = known,
    of = Array.from(chosen, (_, i) => shareOfLogs(logs.map((log, c) => log + found[c]!.scores[i]!)));
  chosen.forEach((p, i) => {
    const particle = junk ? 1 - memberships[classes * count + p]! : 1,
      { shifts } = found[largestOf(of[i]!)]!;
    of[i]!.forEach((m, c) => (memberships[c * count + p] = m * particle));
    for (const at of [p, count + p]) place.shifts[at] = shifts[at]!;
  });
  const certainty = meanOf((i) =>
    eachClass(classes, (c) => of[i]![c]! * found[c]!.certainty[i]!).reduce((a, b) => a + b),
  );
  return { ...place, memberships, certainty };
}
