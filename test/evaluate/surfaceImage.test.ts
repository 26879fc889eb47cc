/** Pictures of surfaces whose shape is known. */
import { expect, test } from "vitest";
import type { Volume } from "../../src/base/types.ts";
import { surfaceImage } from "../../src/evaluate/surfaceImage.ts";

const n = 32,
  centre = n / 2 - 0.5;
function volumeOf(value: (x: number, y: number, z: number) => number): Volume {
  const data = new Float32Array(n ** 3);
  for (let z = 0; z < n; z++)
    for (let y = 0; y < n; y++) for (let x = 0; x < n; x++) data[(z * n + y) * n + x] = value(x, y, z);
  return { data, shape: [n, n, n], pixelSizeAngstrom: 1, originAngstrom: [0, 0, 0] };
}
const ball = (x0: number, y0: number, z0: number, radius: number) => (x: number, y: number, z: number) =>
  radius - Math.hypot(x - x0, y - y0, z - z0);

test("a ball is a disc of its radius, lit from the upper left", () => {
  const radius = 10,
    { width, height, pixels } = surfaceImage(volumeOf(ball(centre, centre, centre, radius)), "z", 0, 4);
  expect([width, height]).toEqual([4 * n, 4 * n]);
  const area = Array.from(pixels).filter((value) => value > 0).length / 16;
  expect(area / (Math.PI * radius ** 2)).toBeCloseTo(1, 1);
  const at = (right: number, down: number): number => pixels[(64 + 4 * down) * width + 64 + 4 * right]!;
  expect(at(-4, -5)).toBeGreaterThan(at(0, 0));
  expect(at(0, 0)).toBeGreaterThan(at(5, 6));
  // Straight at the eye: of the light its part along the line of sight, darkened by the depth of 5.5 voxels.
  expect(at(0, 0)).toBeCloseTo((0.25 + 0.75 * 0.704) * (1 - 0.55 * (5.5 / n)), 1);
});

test.each([
  ["z", "x", "y"],
  ["y", "x", "z"],
  ["x", "y", "z"],
] as const)(
  "along %s, %s runs to the right and %s down, and what is nearer hides what is behind",
  (along, right, down) => {
    const place = { x: centre, y: centre, z: centre };
    const off = { ...place, [right]: centre + 8, [down]: centre - 6 };
    const one = surfaceImage(volumeOf(ball(off.x, off.y, off.z, 4)), along, 0);
    const shown = Array.from(one.pixels, (value, i) => ({ value, column: i % n, row: Math.floor(i / n) })).filter(
      ({ value }) => value > 0,
    );
    const mean = (key: "column" | "row"): number => shown.reduce((sum, each) => sum + each[key], 0) / shown.length;
    expect([mean("column") - centre, mean("row") - centre]).toEqual([expect.closeTo(8, 0), expect.closeTo(-6, 0)]);
  },
);

test.each([
  ["z", [1, 0, 0], [0, 1, 0]],
  ["y", [1, 0, 0], [0, 0, 1]],
  ["x", [0, 1, 0], [0, 0, 1]],
] as const)("along %s, the hand is that of the map: what is nearer lies against right × down", (along, right, down) => {
  const away = [
    right[1] * down[2] - right[2] * down[1],
    right[2] * down[0] - right[0] * down[2],
    right[0] * down[1] - right[1] * down[0],
  ] as const;
  const brightness = (distance: number): number => {
    const [x, y, z] = away.map((a) => centre + a * distance) as [number, number, number];
    return surfaceImage(volumeOf(ball(x, y, z, 5)), along, 0).pixels[(n / 2) * n + n / 2]!;
  };
  expect(brightness(-8)).toBeGreaterThan(1.1 * brightness(8));
});

test("where nothing reaches the level there is nothing to see", () => {
  const { pixels } = surfaceImage(
    volumeOf(() => 0),
    "x",
    1,
  );
  expect(Array.from(pixels).every((value) => value === 0)).toBe(true);
});
