import { describe, expect, it } from "vitest";
import { changeBox, fourierCrop } from "../../src/numeric/fourierCrop.ts";

/** A periodic Gaussian off the centre, lengths in boxes; band-limited to a few parts in a million at 12 samples. */
function line(n: number, at: number): Float64Array {
  const width = 0.135,
    centre = Math.floor(n / 2);
  return Float64Array.from({ length: n }, (_, i) => {
    let sum = 0;
    for (let image = -2; image <= 2; image++)
      sum += Math.exp(-(((i - centre) / n - at + image) ** 2) / (2 * width ** 2));
    return sum;
  });
}
function gaussianVolume(n: number): Float32Array {
  const [z, y, x] = [line(n, 0.06), line(n, -0.11), line(n, 0.03)];
  return Float32Array.from(
    { length: n ** 3 },
    (_, i) => z[Math.floor(i / n ** 2)]! * y[Math.floor(i / n) % n]! * x[i % n]!,
  );
}
function gaussianImage(n: number): Float64Array {
  const [y, x] = [line(n, -0.11), line(n, 0.03)];
  return Float64Array.from({ length: n ** 2 }, (_, i) => y[Math.floor(i / n)]! * x[i % n]!);
}
const furthest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((worst, v, i) => Math.max(worst, Math.abs(v - b[i]!)), 0);

const edges = [
  [12, 16],
  [16, 12],
  [12, 15],
  [15, 12],
  [13, 15],
  [16, 15],
  [15, 16],
] as const;

describe("Fourier crop", () => {
  it.each(edges)("of an image from %i² to %i² resamples the field of view; values scale with (from/to)²", (m, n) => {
    const expected = gaussianImage(n).map((v) => v * (m / n) ** 2);
    expect(furthest(fourierCrop(gaussianImage(m), [m, m], n), expected)).toBeLessThan(1e-4);
  });

  it.each(edges)("of a volume from %i³ to %i³ resamples the field of view; values scale with (from/to)³", (m, n) => {
    const out = changeBox({ n: m, data: gaussianVolume(m) }, n);
    expect(out.n).toBe(n);
    expect(
      furthest(
        out.data,
        gaussianVolume(n).map((v) => v * (m / n) ** 3),
      ),
    ).toBeLessThan(1e-4);
  });

  it("of a volume to the same box changes nothing", () => {
    const volume = { n: 12, data: gaussianVolume(12) };
    expect(changeBox(volume, 12).data).toEqual(volume.data);
  });

  it("multiplies a wave by the gain at its radius, and drops waves from the Nyquist frequency on", () => {
    const wave = (n: number, kx: number, ky: number): Float64Array =>
      Float64Array.from({ length: n * n }, (_, i) =>
        Math.cos(
          (2 * Math.PI * (kx * ((i % n) - Math.floor(n / 2)) + ky * (Math.floor(i / n) - Math.floor(n / 2)))) / n,
        ),
      );
    const cropped = (kx: number, ky: number) => fourierCrop(wave(20, kx, ky), [20, 20], 12, (radius) => 10 + radius);
    expect(
      furthest(
        cropped(3, -4),
        wave(12, 3, -4).map((v) => 15 * v * (20 / 12) ** 2),
      ),
    ).toBeLessThan(1e-12);
    expect(furthest(cropped(6, 0), new Float64Array(144))).toBeLessThan(1e-12);
    expect(furthest(cropped(2, -7), new Float64Array(144))).toBeLessThan(1e-12);
  });
});
