/** The shells at which a run refines, and how poses are looked for there. */
import type { LocalStage } from "../stage.ts";

/** Beyond this radius poses are looked for near those found. */
export const finestGlobalSearch = 11;
/** Up to so many times the radius of the search, those that fit badly are searched for again among all poses. */
const searchedTimes = 2;

/** Whether poses are searched for before a local stage where some are known. */
export const searchesAgain = ({ maxRadius, searchRadius = finestGlobalSearch }: LocalStage): boolean =>
  maxRadius <= searchedTimes * searchRadius;

const stepUp = 5 / 4;

/**
 * After one radius those up to the finest, in steps small enough that what a stage shows places images for the next.
 */
export function climb(from: number, finest: number): number[] {
  const list: number[] = [];
  for (let radius = from; ; ) {
    radius = radius < finestGlobalSearch ? finestGlobalSearch : Math.round(radius * stepUp);
    if (radius >= finest - 1) break;
    list.push(radius);
  }
  return finest > from ? [...list, finest] : list;
}

const adversarialStep = Math.SQRT2,
  leastStep = 1.2;

/** The same for adversarial stages, which place no images: half the wavelength in two steps. */
export function adversarialClimb(from: number, finest: number): number[] {
  const list: number[] = [];
  for (let radius = Math.round(from * adversarialStep); radius * leastStep < finest; ) {
    list.push(radius);
    radius = Math.round(radius * adversarialStep);
  }
  return finest > from ? [...list, finest] : list;
}

/** The resolution of a radius, for messages: "7.6 Å". */
export const resolutionOf = (radius: number, boxAngstrom: number): string => `${(boxAngstrom / radius).toFixed(1)} Å`;
