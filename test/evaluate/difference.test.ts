/** The difference of maps whose densities are known everywhere. */
import { expect, test } from "vitest";
import { differenceMap } from "../../src/evaluate/difference.ts";
import { densityOf, randomBlobs, withNoise } from "./blobs.ts";

const molecule = randomBlobs(7, 25, 14, 3.5),
  extra = { centreAngstrom: [12, -6, 4] as [number, number, number], sigmaAngstrom: 3, height: 1.5 };
const [n, pixel] = [40, 2];

test("of a map and the same, larger and on another ground, there is none", () => {
  const map = densityOf(molecule, n, pixel);
  const { map: difference, scale, sigma } = differenceMap(map, { ...map, data: map.data.map((v) => 4 * v + 10) });
  expect(scale).toBeCloseTo(0.25, 5);
  expect(sigma).toBeLessThan(1e-5);
  expect(Math.max(...difference.data.map(Math.abs))).toBeLessThan(1e-5);
});

test("what one has alone is the difference, and does not change the scale", () => {
  const without = densityOf(molecule, n, pixel),
    within = densityOf([...molecule, extra], n, pixel),
    ball = densityOf([extra], n, pixel);
  const more = differenceMap(within, without).map.data,
    less = differenceMap(without, within).map.data;
  for (const i of ball.data.keys()) {
    expect(Math.abs(more[i]! - ball.data[i]!)).toBeLessThan(0.1 * extra.height);
    expect(Math.abs(less[i]! + ball.data[i]!)).toBeLessThan(0.25 * extra.height);
  }
});

test("beyond the resolution asked for there is none", () => {
  const map = densityOf(molecule, n, pixel);
  const noisy = withNoise(map, 0.2, 3);
  const fine = differenceMap(map, noisy),
    coarse = differenceMap(map, noisy, { resolutionAngstrom: 20 });
  // A sphere of 1/20 Å in a cube of ±1/4 Å holds (4π/3) 0.05³ / 0.5³ of the power of white noise: 0.4 %.
  expect(coarse.sigma / fine.sigma).toBeLessThan(0.1);
  expect(fine.sigma).toBeGreaterThan(0.15);
});
