import { expect, test } from "vitest";
import { mirrorX, rotateVolume } from "../../../src/evaluate/rotate.ts";
import { changeBox } from "../../../src/numeric/fourierCrop.ts";
import { axisAngleToMatrix } from "../../../src/physics/rotations.ts";
import { openAgreement, startAgreement } from "../../../src/reconstruct/measure/startAgreement.ts";
import type { StageVolume } from "../../../src/reconstruct/stage.ts";
import { createStream } from "../../../src/runtime/random.ts";

const n = 16;
/** Some balls at random places within a sphere. */
function shape(name: string): Float32Array {
  const stream = createStream(5, name),
    balls = Array.from({ length: 6 }, () => [0, 1, 2].map(() => 6 * (stream.uniform() - 0.5)));
  return Float32Array.from({ length: n ** 3 }, (_, i) => {
    const place = [i % n, Math.floor(i / n) % n, Math.floor(i / n ** 2)].map((v) => v - n / 2);
    return balls.reduce((sum, ball) => sum + Math.exp(-place.reduce((r, v, a) => r + (v - ball[a]!) ** 2, 0) / 2), 0);
  });
}
const grid = (data: Float32Array) => ({ n, data });

test("a start in another orientation and hand is the same shape, another shape is none", () => {
  const best = shape("best"),
    turned = rotateVolume(
      mirrorX({ data: best, shape: [n, n, n], pixelSizeAngstrom: 1, originAngstrom: [0, 0, 0] }),
      axisAngleToMatrix([1, 2, 3], 1),
      [0.5, 0, -0.5],
    );
  const ball = Float32Array.from({ length: n ** 3 }, (_, i) => {
    const radius = Math.hypot((i % n) - 8, (Math.floor(i / n) % n) - 8, Math.floor(i / n ** 2) - 8);
    return Math.exp(-(radius ** 2) / 8);
  });
  const [same, other, nothing] = [turned.data, shape("other"), ball].map((data) =>
    startAgreement(grid(best), grid(data)),
  );
  expect(same).toBeGreaterThan(0.9);
  expect(other).toBeLessThan(0.8);
  expect(Math.abs(nothing!)).toBeLessThan(0.4);
});

test("starts at different shells are compared at the coarser one's", () => {
  const best = grid(shape("best")),
    finer = changeBox(best, 24);
  expect(startAgreement(finer, best)).toBeGreaterThan(0.99);
});

test("what was asked last is known, anything else is measured", () => {
  const edge = 10,
    [best, other, third] = ["best", "other", "third"].map((name) => {
      const stream = createStream(7, name);
      return { n: edge, data: Float32Array.from({ length: edge ** 3 }, () => stream.normal()) };
    }) as [StageVolume, StageVolume, StageVolume];
  const agreement = openAgreement(),
    first = agreement(best, other);
  expect(first).toBe(startAgreement(best, other));
  other.data.fill(0); // it is not looked at again
  expect(agreement(best, other)).toBe(first);
  expect(agreement(best, third)).not.toBe(first);
});
