/** Where the molecule lies in its box. */
import { centeredInverse, centeredTransform } from "../../numeric/centredTransform.ts";
import { signedFrequency } from "../../numeric/fft.ts";
import { apply } from "../../physics/directions.ts";
import type { Matrix3 } from "../../physics/rotations.ts";
import type { Place, StageVolume } from "../stage.ts";

/** Density counts that stands so many standard deviations out of the noise. */
const leastDeviations = 3;
/** The sphere that density is looked for in follows its centre of mass, so many times. */
const rounds = 10;

/**
 * Centre of mass of the density that stands out of the noise, measured outside a sphere about the middle, in a sphere
 * of that size about itself.
 *
 * @param density before any mask
 * @param radius  of the sphere as a fraction of the box
 * @param group   only along axes that it leaves free does a molecule have a place: no other moves its axes
 * @returns the middle of the box where nothing stands out
 */
export function centreOfMass({ n, data }: StageVolume, radius: number, group: readonly Matrix3[]): Place {
  const middle = Math.floor(n / 2),
    reach = radius * n;
  const each = (visit: (value: number, x: number, y: number, z: number) => void): void =>
    data.forEach((value, i) =>
      visit(value, (i % n) - middle, (Math.floor(i / n) % n) - middle, Math.floor(i / n ** 2) - middle),
    );
  let outside = 0,
    squares = 0;
  each((value, x, y, z) => {
    if (x * x + y * y + z * z <= reach * reach) return;
    outside++;
    squares += value ** 2;
  });
  const least = outside > 0 ? leastDeviations * Math.sqrt(squares / outside) : 0;
  let centre: Place = [0, 0, 0];
  for (let round = 0; round < rounds; round++) {
    let mass = 0;
    const sum = [0, 0, 0];
    each((value, x, y, z) => {
      if (value <= least || Math.hypot(x - centre[0], y - centre[1], z - centre[2]) > reach) return;
      mass += value;
      [x, y, z].forEach((v, axis) => (sum[axis]! += value * v));
    });
    if (mass === 0) break;
    centre = alongFreeAxes(sum.map((v) => v / mass) as unknown as Place, group);
  }
  return centre.map((v) => v / n) as unknown as Place;
}

/** The mean over the group, which is what all its rotations leave where it is. */
function alongFreeAxes(place: Place, group: readonly Matrix3[]): Place {
  const moved = group.map((g) => apply(g, place));
  return [0, 1, 2].map((axis) => moved.reduce((sum, m) => sum + m[axis]!, 0) / group.length) as unknown as Place;
}

/** The density with what is at `place` moved to the middle of the box, by phases of its transform. */
export function movedToMiddle({ n, data }: StageVolume, place: Place): Float32Array {
  const { re, im } = centeredTransform(data, [n, n, n]);
  for (let i = 0; i < re.length; i++) {
    const phase =
      2 *
      Math.PI *
      (signedFrequency(i % n, n) * place[0] +
        signedFrequency(Math.floor(i / n) % n, n) * place[1] +
        signedFrequency(Math.floor(i / n ** 2), n) * place[2]);
    const c = Math.cos(phase),
      s = Math.sin(phase),
      real = re[i]!;
    re[i] = c * real - s * im[i]!;
    im[i] = s * real + c * im[i]!;
  }
  return centeredInverse(re, im, [n, n, n], [n, n, n], new Float32Array(n ** 3));
}
