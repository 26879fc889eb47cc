/** Whether independent starts came to one shape. */
import { alignToReference } from "../../evaluate/align.ts";
import { angularCorrelation, firstAngularShell } from "../../evaluate/angular.ts";
import { changeBox } from "../../numeric/fourierCrop.ts";
import type { StageVolume } from "../stage.ts";
import { asMap } from "./asMap.ts";

/** Starts that agree so far at a fine shell came to one shape. */
export const nearlySame = 0.95;

/**
 * Mean correlation of the density of another start with that of the best one, put onto it (rotation, shift and hand),
 * over the shells that both hold; rotational averages are left out, as any two balls agree in them.
 */
export function startAgreement(best: StageVolume, other: StageVolume): number {
  const n = Math.min(best.n, other.n),
    { map, reference } = alignToReference(asMap(changeBox(other, n)), asMap(changeBox(best, n)));
  const shells = angularCorrelation(map, reference).slice(firstAngularShell - 1, n / 2 - 1);
  return shells.reduce((sum, v) => sum + v, 0) / Math.max(1, shells.length);
}

/** The same; what was asked last is known, as it takes a second or two and is asked twice. */
export function openAgreement(): (best: StageVolume, other: StageVolume) => number {
  let last: { best: StageVolume; other: StageVolume; value: number } | undefined;
  return (best, other) => {
    if (last?.best !== best || last.other !== other) last = { best, other, value: startAgreement(best, other) };
    return last.value;
  };
}
