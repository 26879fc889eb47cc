import { expect, test } from "vitest";
import { coverage, directionOf } from "../../src/charts/coverage.ts";
import { viridis } from "../../src/charts/viridis.ts";

/** Directions of about even spacing on the hemisphere (Fibonacci), degrees. */
const cells = (count: number, maximumRot: number) => {
  const golden = (1 + Math.sqrt(5)) / 2;
  const all = Array.from({ length: count }, (_, i) => ({
    rot: ((i / golden) % 1) * maximumRot,
    tilt: (Math.acos(1 - (i + 0.5) / count) * 180) / Math.PI,
  }));
  return { rot: all.map(({ rot }) => rot), tilt: all.map(({ tilt }) => tilt) };
};
const at = (image: { density: Float32Array; size: number }, x: number, y: number) =>
  image.density[Math.floor(((1 - y) / 2) * image.size) * image.size + Math.floor(((1 + x) / 2) * image.size)]!;

test("even shares are 1 all over the disc, and nothing outside", () => {
  const { rot, tilt } = cells(300, 360);
  const map = coverage({ rot, tilt, share: rot.map(() => 1 / 300) }, "C1", 60);
  const inside = [...map.density].filter((value) => !Number.isNaN(value));
  expect(inside.every((value) => Math.abs(value - 1) < 1e-6)).toBe(true);
  expect(inside.length / 3600).toBeCloseTo(Math.PI / 4, 2);
  expect(map.emptyShare).toBe(0);
  expect(at(map, -0.99, -0.99)).toBeNaN();
});

test("a view has its place: tilt from the middle by Lambert's radius, rot anticlockwise from the right", () => {
  const { rot, tilt } = cells(500, 360);
  const wanted = directionOf(Math.PI / 2, Math.PI / 3);
  const cosine = rot.map((_, i) =>
    directionOf((rot[i]! * Math.PI) / 180, (tilt[i]! * Math.PI) / 180).reduce((sum, c, k) => sum + c * wanted[k]!, 0),
  );
  const near = cosine.indexOf(Math.max(...cosine));
  const map = coverage({ rot, tilt, share: rot.map((_, i) => (i === near ? 1 : 0)) }, "C1", 100);
  // Tilt 60°: sqrt(2) sin 30° = 0.707 from the middle; rot 90° is up.
  expect(at(map, 0, Math.SQRT2 * Math.sin(Math.PI / 6))).toBe(500);
  expect(at(map, 0, -Math.SQRT1_2)).toBe(0);
  expect(at(map, Math.SQRT1_2, 0)).toBe(0);
  expect(map.emptyShare).toBeCloseTo(0.998, 6);
});

test("the point group repeats the asymmetric unit: C4 four times about the middle", () => {
  const { rot, tilt } = cells(200, 90);
  const share = rot.map((_, i): number => (tilt[i]! > 40 && tilt[i]! < 60 && rot[i]! > 30 && rot[i]! < 60 ? 1 : 0.01));
  const map = coverage({ rot, tilt, share: share.map((value) => value / share.reduce((a, b) => a + b)) }, "C4", 80);
  const [x, y] = [0.6 * Math.cos(Math.PI / 4), 0.6 * Math.sin(Math.PI / 4)];
  const around = [at(map, x, y), at(map, -y, x), at(map, -x, -y), at(map, y, -x)];
  for (const value of around) expect(value).toBeCloseTo(map.largest, 5);
});

test("the colours are those of viridis", () => {
  expect(viridis(0)).toEqual([68, 1, 84]);
  expect(viridis(1)).toEqual([253, 231, 37]);
  // matplotlib's viridis(0.5) is #21918c.
  viridis(0.5).forEach((value, i) => expect(Math.abs(value - [0x21, 0x91, 0x8c][i]!)).toBeLessThan(4));
});
