/** The law that particles' shifts from the centres of their boxes are taken to follow. */
import type { ShiftLaw } from "../../physics/shift.ts";
import { defaultSigma } from "../measure/offCentre.ts";
import type { Stage } from "../stage.ts";

/**
 * Particles count as centred where they lie about the centre by less than this part of the finest wave: its amplitude
 * suffers by exp(−2π²·0.1²), a sixth.
 */
const centredWithin = 0.1;
/**
 * Twice that while poses are searched for among all: 45 % of the amplitude is left at the finest wave, and shifts
 * fitted to images whose poses are still open hold wrong ones fast (decision 17).
 */
const centredWithinGlobally = 0.2;
/** The most that is taken over from images, as a fraction of the box. */
const widestSigma = 0.125;

/** Whether shifts matter in a stage at a radius in Fourier pixels. @param sigma in units of the box */
export const searchesShifts = (kind: Stage["kind"], radius: number, sigma: number): boolean =>
  radius * sigma >= (kind === "refinement" ? centredWithinGlobally : centredWithin);

export const shiftLawOf = ({ kind, maxRadius }: Stage, sigma: number): ShiftLaw =>
  searchesShifts(kind, maxRadius, sigma) ? { kind: "gaussian", sigma } : { kind: "none" };

/**
 * Standard deviation of the law along each axis, in units of the box.
 *
 * @param largest   shift asked for, two standard deviations, Å
 * @param estimated as the images showed it, Å
 */
export function shiftSigma(largest: number | undefined, estimated: number | undefined, boxAngstrom: number): number {
  if (largest !== undefined) return largest / 2 / boxAngstrom;
  return estimated === undefined ? defaultSigma : Math.min(widestSigma, estimated / boxAngstrom);
}
