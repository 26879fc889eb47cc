/** When, and for which particles, all poses are searched before a stage of local refinement. */
import { changeBox } from "../../numeric/fourierCrop.ts";
import type { RefinementContext } from "../likelihood/context.ts";
import { type Placement, searchPoses } from "../likelihood/poseSearch.ts";
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
    { data } = changeBox(volume, 2 * radius);
  const all = Int32Array.from({ length: context.count }, (_, p) => p);
  if (!poses || !fit) return searchPoses(data, radius, context, { chosen: all, trials: [[0, 0]], shifts, onProgress });
  const worst = all
    .sort((a, b) => fit[a]! - fit[b]!)
    .subarray(0, Math.ceil(searchedAgain * context.count))
    .sort();
  return {
    ...(await searchPoses(data, radius, context, {
      chosen: worst,
      trials: context.shiftLaw.kind === "none" ? [[0, 0]] : cross(radius),
      shifts,
      poses,
      onProgress,
    })),
    certainty: 1,
  };
}
