import { expect, test } from "vitest";
import { eulerToMatrix } from "../../../src/physics/rotations.ts";
import { pointGroup } from "../../../src/physics/symmetry.ts";
import { centreOfMass, movedToMiddle } from "../../../src/reconstruct/measure/centreOfMass.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { type Blob, densityOf, moveBlobs, randomBlobs } from "../../evaluate/blobs.ts";

const n = 32,
  pixel = 4;
/** About its centre of mass: of Gaussians that is the mean of the centres by height and the cube of the width. */
const blobs = ((): Blob[] => {
  const some = randomBlobs(1, 12, 24, 9),
    mass = (b: Blob): number => b.height * b.sigmaAngstrom ** 3,
    total = some.reduce((sum, b) => sum + mass(b), 0);
  return at(
    some,
    [0, 1, 2].map((axis) => -some.reduce((sum, b) => sum + (mass(b) * b.centreAngstrom[axis]!) / total, 0)),
  );
})();

function at(of: Blob[], place: readonly number[]): Blob[] {
  return moveBlobs(of, eulerToMatrix(0, 0, 0), place, false);
}
const gridOf = (of: Blob[]) => ({ n, data: densityOf(of, n, pixel).data });

/** With noise of a twentieth of the highest density. */
function noisy(of: Blob[]): { n: number; data: Float32Array } {
  const { data } = gridOf(of),
    stream = createStream(1, "noise"),
    level = 0.05 * data.reduce((a, b) => Math.max(a, b));
  return { n, data: data.map((v) => v + level * stream.normal()) };
}

const place = [14, -9, 6];

test("the centre of mass is found in noise, also where a sphere about the middle cuts the molecule", () => {
  const found = centreOfMass(noisy(at(blobs, place)), 0.33, pointGroup("C1"));
  found.forEach((v, axis) => {
    expect(Math.abs(v * n * pixel - place[axis]!)).toBeLessThan(1.5);
  });
});

test("only along the axes that the group leaves free", () => {
  const volume = noisy(at(blobs, place)),
    [x, y, z] = centreOfMass(volume, 0.33, pointGroup("C3"));
  expect(Math.hypot(x, y)).toBeLessThan(1e-9);
  expect(Math.abs(z * n * pixel - place[2]!)).toBeLessThan(4);
  expect(Math.hypot(...centreOfMass(volume, 0.33, pointGroup("D2")))).toBeLessThan(1e-9);
});

test("of nothing it is the middle", () => {
  expect(centreOfMass({ n, data: new Float32Array(n ** 3) }, 0.4, pointGroup("C1"))).toEqual([0, 0, 0]);
});

test("a density moved to the middle is the one that lies there", () => {
  const moved = movedToMiddle(
      gridOf(at(blobs, place)),
      [14, -9, 6].map((v) => v / n / pixel) as [number, number, number],
    ),
    { data } = gridOf(blobs),
    most = data.reduce((a, b) => Math.max(a, b));
  moved.forEach((v, i) => {
    if (Math.abs(v - data[i]!) > 5e-3 * most) throw new Error(`voxel ${i}: ${v}, ${data[i]}`);
  });
  expect(moved).toHaveLength(n ** 3);
});
