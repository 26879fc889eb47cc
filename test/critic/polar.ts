/** Images on a polar grid as plain numbers, for brute-force checks. */
import type { CriticScene } from "../../src/critic/critic.ts";
import type { PolarGrid } from "../../src/physics/frequencies.ts";
import { createStream } from "../../src/runtime/random.ts";
import { constant } from "../../src/tensor/tensor.ts";

/** For critics that know nothing but images. */
export const noScene: CriticScene = { table: constant([0], [1]), draws: {} };

/** Transforms [samples, batch], sample a·radii + r. */
export interface Transforms {
  re: number[];
  im: number[];
}

export function randomTransforms(grid: PolarGrid, batch: number, seed: number): Transforms {
  const stream = createStream(seed, "polar");
  const draw = (): number[] => Array.from({ length: grid.count * batch }, () => stream.normal());
  return { re: draw(), im: draw() };
}

/** Hartley values Re F + Im F at the 2·angles directions of one circle; opposite directions hold complex conjugates. */
export function circle(grid: PolarGrid, re: number[], im: number[], batch: number, b: number, r: number): number[] {
  return Array.from({ length: 2 * grid.angles }, (_, a) => {
    const i = ((a % grid.angles) * grid.radii.length + r) * batch + b;
    return a < grid.angles ? re[i]! + im[i]! : re[i]! - im[i]!;
  });
}

/** The transforms whose Hartley values are given, `hartley(direction 0 … 2·angles-1, radius, image)`. */
export function transformsOf(
  grid: PolarGrid,
  batch: number,
  hartley: (a: number, r: number, b: number) => number,
): Transforms {
  const re: number[] = [],
    im: number[] = [];
  for (let a = 0; a < grid.angles; a++)
    for (let r = 0; r < grid.radii.length; r++)
      for (let b = 0; b < batch; b++) {
        const here = hartley(a, r, b),
          opposite = hartley(a + grid.angles, r, b);
        re.push((here + opposite) / 2);
        im.push((here - opposite) / 2);
      }
  return { re, im };
}
