import { expect, test } from "vitest";
import { place } from "../../../src/evaluate/align.ts";
import { apply } from "../../../src/physics/directions.ts";
import { randomRotation } from "../../../src/physics/rotations.ts";
import { posesOfPlaced } from "../../../src/reconstruct/run/placedPoses.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { type Blob, densityOf, moveBlobs } from "../../evaluate/blobs.ts";

const n = 24,
  stream = createStream(3, "poses"),
  rotation = randomRotation(stream),
  /** In voxels of 1 Å. */
  shift = [2, -1, 3] as const;
type Found = Parameters<typeof posesOfPlaced>[0];
const blobs: Blob[] = Array.from({ length: 5 }, (_, i) => ({
  centreAngstrom: apply(randomRotation(stream), [1 + i, 0, 0]) as [number, number, number],
  sigmaAngstrom: 2,
  height: 1,
}));

test.each([false, true])("what a map shows stays where it is in each image (mirrored: %s)", (mirrored) => {
  const moved = moveBlobs(blobs, rotation, shift, mirrored),
    map = place(densityOf(blobs, n, 1), { mirrored, rotation, shiftAngstrom: [...shift] });
  densityOf(moved, n, 1).data.forEach((v, i) => expect(Math.abs(map.data[i]! - v)).toBeLessThan(0.1));
  const count = 6,
    found = {
      poses: Float32Array.from(Array.from({ length: count }, () => [...randomRotation(stream)]).flat()),
      shifts: Float32Array.from({ length: 2 * count }, (_, i) => i / 100),
    };
  const placed = posesOfPlaced(found, { mirrored, rotation, shift: [shift[0] / n, shift[1] / n, shift[2] / n] });
  /** In the image of a particle, in units of the box. */
  const at = ({ poses, shifts }: Found, p: number, { centreAngstrom }: Blob): [number, number] => {
    const pose = Float64Array.from(poses.subarray(9 * p, 9 * p + 9)),
      [x, y] = apply(pose, centreAngstrom);
    return [x / n + shifts[p]!, y / n + shifts[count + p]!];
  };
  for (let p = 0; p < count; p++)
    for (const [i, blob] of blobs.entries()) {
      const [x, y] = at(found, p, blob),
        [u, v] = at(placed, p, moved[i]!);
      expect(u).toBeCloseTo(x, 5);
      expect(v).toBeCloseTo(y, 5);
    }
});
