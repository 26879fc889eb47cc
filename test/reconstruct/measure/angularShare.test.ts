import { describe, expect, it } from "vitest";
import { radialPower } from "../../../src/evaluate/statistics.ts";
import { angularShare } from "../../../src/reconstruct/measure/angularShare.ts";
import { asMap } from "../../../src/reconstruct/measure/asMap.ts";
import { createStream } from "../../../src/runtime/random.ts";

const n = 24,
  top = n / 2,
  everything = new Float64Array(top + 1).fill(1e6);
const stream = createStream(1, "share");

/** Gaussian balls at random places: a density, its value at a point known in closed form, turned as asked. */
const centres = Array.from({ length: 25 }, () => [0, 1, 2].map(() => 5 * (2 * stream.uniform() - 1)));
function balls(turn: (p: number[]) => number[]): Float32Array {
  const places = centres.map(turn);
  return Float32Array.from({ length: n ** 3 }, (_, i) => {
    const x = [i % n, Math.floor(i / n) % n, Math.floor(i / n ** 2)].map((v) => v - top);
    return places.reduce((sum, c) => sum + Math.exp(-c.reduce((d, v, axis) => d + (x[axis]! - v) ** 2, 0) / 2.5), 0);
  });
}
const truth = { n, data: balls((p) => p) };
/** Shells 0, 1, …; nothing is asked of the first. */
const power = Float64Array.of(0, ...radialPower(asMap(truth)).value);
const spectra = {
  signal: power,
  noise: new Float64Array(top + 1).fill(power[top - 2]!),
};
const meanOf = (maps: Float32Array[]) => ({
  n,
  data: maps[0]!.map((_, i) => maps.reduce((sum, map) => sum + map[i]!, 0) / maps.length),
});
/** A turn about a random axis by a random angle (Rodrigues). */
function randomTurn(): (p: number[]) => number[] {
  const k = [0, 1, 2].map(() => stream.normal()),
    length = Math.hypot(...k),
    [a, b, c] = k.map((v) => v / length) as [number, number, number],
    angle = 2 * Math.PI * stream.uniform(),
    [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return ([x, y, z]) => {
    const along = (a * x! + b * y! + c * z!) * (1 - cos);
    return [
      x! * cos + (b * z! - c * y!) * sin + a * along,
      y! * cos + (c * x! - a * z!) * sin + b * along,
      z! * cos + (a * y! - b * x!) * sin + c * along,
    ];
  };
}

describe("the share of the angular signal that a density explains", () => {
  it("is 1 for the molecule itself, in any orientation", () => {
    expect(angularShare(truth, spectra, everything)).toBeCloseTo(1, 2);
    expect(angularShare({ n, data: balls(randomTurn()) }, spectra, everything)).toBeCloseTo(1, 1);
  });

  it("is about 1/m for the mean of m copies in unrelated orientations", () => {
    for (const m of [2, 4, 8]) {
      const shares = Array.from({ length: 6 }, () =>
        angularShare(meanOf(Array.from({ length: m }, () => balls(randomTurn()))), spectra, everything),
      );
      const mean = shares.reduce((a, b) => a + b) / shares.length;
      expect(m * mean).toBeGreaterThan(0.6);
      expect(m * mean).toBeLessThan(1.6);
    }
  });

  it("is nearly 0 for a ball, whatever its radial profile", () => {
    const ball = Float32Array.from({ length: n ** 3 }, (_, i) => {
      const r = Math.hypot((i % n) - top, (Math.floor(i / n) % n) - top, Math.floor(i / n ** 2) - top);
      return 1.5 * Math.exp(-((r - 5) ** 2) / 8);
    });
    expect(angularShare({ n, data: ball }, spectra, everything)).toBeLessThan(0.05);
  });

  it("is measured against what the noise leaves: a Wiener filter's loss counts as none", () => {
    const loss = 0.5,
      data = truth.data.map((v) => Math.sqrt(loss) * v);
    const [blamed, allowed] = [everything, everything.map(() => loss / (1 - loss))].map((attainable) =>
      angularShare({ n, data }, spectra, attainable),
    );
    expect(blamed!).toBeLessThan(0.6);
    expect(allowed!).toBeGreaterThan(0.85);
  });

  it("is 0 where the images show no angular signal", () => {
    const none = { signal: spectra.signal.map(() => 0), noise: spectra.noise };
    expect(angularShare(truth, none, everything)).toBe(0);
  });
});
