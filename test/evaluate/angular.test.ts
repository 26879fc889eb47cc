import { describe, expect, test } from "vitest";
import type { Volume } from "../../src/base/types.ts";
import { angularCorrelation, angularPowers } from "../../src/evaluate/angular.ts";
import { createStream } from "../../src/runtime/random.ts";

const n = 24;
/** Density as a function of x, y, z from the box's centre. */
const volume = (density: (x: number, y: number, z: number) => number): Volume => ({
  data: Float32Array.from({ length: n ** 3 }, (_, i) =>
    density((i % n) - n / 2, (Math.floor(i / n) % n) - n / 2, Math.floor(i / n ** 2) - n / 2),
  ),
  shape: [n, n, n],
  pixelSizeAngstrom: 1,
  originAngstrom: [0, 0, 0],
});
const ball =
  (cx = 0, cy = 0, cz = 0) =>
  (x: number, y: number, z: number): number =>
    Math.exp(-((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2) / 8);
/** Two balls beside one another. */
const pair = (x: number, y: number, z: number): number => ball(4)(x, y, z) + ball(-4)(x, y, z);
const upright = (x: number, y: number, z: number): number => ball(0, 0, 4)(x, y, z) + ball(0, 0, -4)(x, y, z);

describe("what maps show beyond a ball", () => {
  test.each([
    ["at the centre", ball()],
    ["beside it", ball(3, -2, 1)],
  ])("a ball %s shows nothing", (_, density) => {
    const { a, radial } = angularPowers(volume(density), volume(density));
    for (const k of [1, 2, 3]) expect(a[k]! / radial[k]!).toBeLessThan(0.01);
  });

  test("what is left is the power of the differences between directions", () => {
    // The transform of exp(-r²/8) is (8π)^1.5 exp(-8π²k²/n²); that of two at ±4 x has a factor 2 cos(2π·4 kx/n) more.
    const { a } = angularPowers(volume(pair), volume(pair));
    for (const k of [4, 5]) {
      let power = 0,
        points = 0;
      for (let z = -6; z <= 6; z++)
        for (let y = -6; y <= 6; y++)
          for (let x = -6; x <= 6; x++) {
            const radius = Math.hypot(x, y, z),
              s = (2 * Math.PI * 4 * radius) / n;
            if (Math.round(radius) !== k) continue;
            // of the cosine: 2 cos less its mean over directions, 2 sin(s)/s
            const rest = 2 * Math.cos((2 * Math.PI * 4 * x) / n) - (2 * Math.sin(s)) / s;
            power += ((8 * Math.PI) ** 1.5 * Math.exp(-8 * ((Math.PI * radius) / n) ** 2) * rest) ** 2;
            points++;
          }
      // Of the few coefficients of one |k| on a grid the mean takes a part along.
      expect(a[k]! / (power / points)).toBeGreaterThan(0.7);
      expect(a[k]! / (power / points)).toBeLessThan(1.05);
    }
  });

  test("maps that differ in their direction alone correlate as maps, and not here", () => {
    const turned = angularCorrelation(volume(pair), volume(upright)),
      same = angularCorrelation(volume(pair), volume(pair));
    for (const shell of [2, 3, 4]) {
      expect(same[shell - 1]).toBeCloseTo(1, 6);
      expect(turned[shell - 1]).toBeLessThan(0);
    }
  });

  test("shells beyond the last asked for change nothing", () => {
    const whole = angularCorrelation(volume(pair), volume(upright)),
      part = angularCorrelation(volume(pair), volume(upright), 5);
    expect(part).toHaveLength(5);
    part.forEach((v, k) => expect(v).toBeCloseTo(whole[k]!, 10));
  });

  test("independent noise shares nothing", () => {
    const noise = (name: string): Volume => {
      const stream = createStream(1, name);
      return volume(() => stream.normal());
    };
    for (const value of angularCorrelation(noise("a"), noise("b")).slice(4)) expect(Math.abs(value)).toBeLessThan(0.1);
  });
});
