import { expect, test } from "vitest";
import { angularCorrelation } from "../../../src/evaluate/angular.ts";
import { rotateVolume } from "../../../src/evaluate/rotate.ts";
import { axisAngleToMatrix } from "../../../src/physics/rotations.ts";
import { asMap } from "../../../src/reconstruct/measure/asMap.ts";
import { classCorrelation } from "../../../src/reconstruct/measure/classCorrelation.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { densityOf, randomBlobs } from "../../evaluate/blobs.ts";

const n = 24,
  noise = 0.1;
const molecule = (count: number) => densityOf(randomBlobs(2, 12, 0.25 * n, 1.5).slice(0, count), n, 1);
/** With noise of its own, of white power. */
const noisy = (data: Float32Array, name: string, level = noise) => {
  const stream = createStream(1, name);
  return { n, data: data.map((v) => v + level * stream.normal()) };
};
/** Agreement of two halves of each class, whose noise is √2 of that of all. */
function agreement(data: Float32Array): number[] {
  const [first, second] = ["first", "second"].map((name) => asMap(noisy(data, name, Math.SQRT2 * noise)));
  return angularCorrelation(first!, second!);
}

test("one structure twice correlates as the noise of both says, whichever way it is turned; another less", () => {
  const whole = molecule(12),
    turned = rotateVolume(whole, axisAngleToMatrix([1, -2, 1], 2), [0.5, 0.3, -0.4]);
  const ofWhole = agreement(whole.data);
  const same = classCorrelation(noisy(whole.data, "a"), noisy(turned.data, "b"), [ofWhole, ofWhole])!;
  expect(Math.abs(same.value - same.expected)).toBeLessThan(0.03);
  const part = molecule(9).data,
    other = classCorrelation(noisy(whole.data, "a"), noisy(part, "b"), [ofWhole, agreement(part)])!;
  expect(other.value).toBeLessThan(0.93 * other.expected);
});

test("where the halves of a class agree in no shell nothing is told", () => {
  const whole = { n, data: molecule(12).data };
  expect(classCorrelation(whole, whole, [new Array<number>(n / 2).fill(0.9), new Array<number>(n / 2).fill(0.2)])).toBe(
    undefined,
  );
});
