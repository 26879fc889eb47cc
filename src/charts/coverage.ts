/**
 * Viewing directions on a disc: the hemisphere seen from +z in Lambert's azimuthal equal-area projection. A direction
 * and its opposite are one view, so a hemisphere holds all; top views (tilt 0°) are in the middle, side views (tilt
 * 90°) on the rim, rot runs anticlockwise from the right.
 */

import { formatNumber } from "../base/format.ts";
import { apply } from "../physics/directions.ts";
import { pointGroup } from "../physics/symmetry.ts";
import type { RunDirections } from "../reconstruct/stage.ts";

export interface Coverage {
  /**
   * Pixels of the square image; NaN outside the disc, else how many times as many particles are seen from there as if
   * all views were as frequent.
   */
  density: Float32Array;
  size: number;
  largest: number;
  /** Share of all directions that have less than a tenth of the even number of particles. */
  emptyShare: number;
}

/**
 * @param symmetry the cells cover an asymmetric unit; the point group spreads them over the sphere
 * @param size     edge of the image in pixels
 */
export function coverage({ rot, tilt, share }: RunDirections, symmetry: string, size: number): Coverage {
  const cells = rot.map((_, i) => directionOf(rot[i]! * (Math.PI / 180), tilt[i]! * (Math.PI / 180)));
  const relative = share.map((value) => value * share.length);
  const group = pointGroup(symmetry);
  const nearest = (x: number, y: number, z: number) => {
    let [best, closest] = [0, -1];
    for (const s of group) {
      const [sx, sy, sz] = apply(s, [x, y, z]);
      for (let i = 0; i < cells.length; i++) {
        const cosine = Math.abs(sx * cells[i]![0] + sy * cells[i]![1] + sz * cells[i]![2]);
        if (cosine > closest) [best, closest] = [i, cosine];
      }
    }
    return best;
  };
  const density = new Float32Array(size * size).fill(NaN);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const x = (2 * (column + 0.5)) / size - 1;
      const y = 1 - (2 * (row + 0.5)) / size;
      const squared = x * x + y * y;
      if (squared > 1) continue;
      // Lambert: radius r = sqrt(2) sin(tilt / 2), scaled so that tilt 90° is at 1.
      const z = 1 - squared;
      const sine = Math.sqrt(2 - squared);
      density[row * size + column] = relative[nearest(x * sine, y * sine, z)]!;
    }
  }
  return {
    density,
    size,
    largest: Math.max(...relative),
    emptyShare: relative.filter((value) => value < 0.1).length / relative.length,
  };
}

/** What it comes to, for page and report. */
export function coverageText({ largest, emptyShare }: Coverage): string {
  return (
    `The commonest view has ${formatNumber(largest, 2)} times the even number of particles; ` +
    (emptyShare === 0
      ? "every direction has at least a tenth of it."
      : `${Math.round(100 * emptyShare)} % of all directions have less than a tenth of it.`)
  );
}

/** How its picture is to be read. */
export const coverageNote =
  "Views along z are in the middle (tilt 0°), side views on the rim (tilt 90°); rot runs anticlockwise from the " +
  "right. Equal areas are equal solid angles; a view and its opposite are one.";

/** Viewing direction in the frame of the map: rot and tilt in radians, as RELION's ZYZ angles. */
export const directionOf = (rot: number, tilt: number): [number, number, number] => [
  Math.cos(rot) * Math.sin(tilt),
  Math.sin(rot) * Math.sin(tilt),
  Math.cos(tilt),
];
