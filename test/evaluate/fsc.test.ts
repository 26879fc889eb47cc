import { describe, expect, it } from "vitest";
import { InputError } from "../../src/base/errors.ts";
import type { Volume } from "../../src/base/types.ts";
import { crossingResolution, fourierShellCorrelation } from "../../src/evaluate/fsc.ts";
import { finestShell } from "../../src/evaluate/statistics.ts";
import { fftn, signedFrequency } from "../../src/numeric/fft.ts";
import { sphericalMask } from "../../src/physics/mask.ts";
import { createStream } from "../../src/runtime/random.ts";

const n = 32;
const pixelSizeAngstrom = 1.5;

function volumeOf(data: Float32Array, edge = n): Volume {
  return { data, shape: [edge, edge, edge], pixelSizeAngstrom, originAngstrom: [0, 0, 0] };
}

function whiteNoise(name: string): Float64Array {
  const stream = createStream(7, name);
  return Float64Array.from({ length: n ** 3 }, () => stream.normal());
}

/** White noise times a gain that depends on |k| (Fourier pixels). */
function colouredNoise(name: string, gain: (k: number) => number): Float64Array {
  const re = whiteNoise(name);
  const im = new Float64Array(n ** 3);
  fftn(re, im, [n, n, n]);
  for (let i = 0; i < n ** 3; i++) {
    const k = [i % n, Math.floor(i / n) % n, Math.floor(i / (n * n))].map((v) => signedFrequency(v, n));
    re[i]! *= gain(Math.hypot(...k));
    im[i]! *= gain(Math.hypot(...k));
  }
  fftn(re, im, [n, n, n], true);
  return re;
}

function sum(...parts: [Float64Array, ...Float64Array[]]): Volume {
  return volumeOf(Float32Array.from(parts[0], (_, i) => parts.reduce((s, p) => s + p[i]!, 0)));
}

function shellSizes(): number[] {
  const size = Array<number>(n / 2 + 1).fill(0);
  for (let z = -n / 2; z < n / 2; z++)
    for (let y = -n / 2; y < n / 2; y++)
      for (let x = -n / 2; x < n / 2; x++) {
        const shell = Math.round(Math.hypot(x, y, z));
        if (shell <= n / 2) size[shell]!++;
      }
  return size;
}

describe("fourierShellCorrelation", () => {
  it("is 1 for identical maps, -1 for inverted contrast, at frequencies of whole Fourier pixels", () => {
    const map = sum(whiteNoise("a"));
    const same = fourierShellCorrelation(map, map);
    const inverted = fourierShellCorrelation(map, volumeOf(map.data.map((v) => -3 * v)));
    expect(same.fsc).toHaveLength(16);
    for (const v of same.fsc) expect(v).toBeCloseTo(1, 12);
    for (const v of inverted.fsc) expect(v).toBeCloseTo(-1, 6);
    expect(same.frequency[0]).toBeCloseTo(1 / 48, 12);
    expect(same.resolutionAngstrom[15]).toBeCloseTo(3, 12);
    expect(same.resolution0143Angstrom).toBeCloseTo(3, 12);
    expect(same.resolution0143OrBetter).toBe(true);
    expect(same).toMatchObject({ finestShell: 16, finestAngstrom: same.resolutionAngstrom[15] });
    expect(inverted.resolution0143Angstrom).toBeNull();
  });

  it("is the same where what the maps do not hold is left out, mask and random phases included", () => {
    const ending = (name: string) => colouredNoise(name, (k) => (Math.round(k) <= 10 ? 3 * Math.exp(-k / 4) + 0.3 : 0));
    const signal = ending("signal"),
      [a, b] = ["a", "b"].map((name) =>
        sum(
          signal.map((v) => 2 * v),
          ending(name),
        ),
      ) as [Volume, Volume],
      mask = volumeOf(sphericalMask([n, n, n], 9, 5));
    const whole = fourierShellCorrelation(a, b, { mask, finestShell: 9 }),
      part = fourierShellCorrelation(a, b, { mask, finestShell: 9, lastShell: 10 });
    expect(whole.randomisedFromShell).toBeLessThan(9);
    for (const curve of ["fsc", "fscMasked", "fscPhaseRandomised", "fscCorrected"] as const) {
      expect(part[curve]).toHaveLength(9);
      part[curve]!.forEach((v, k) => expect(v, `${curve} ${k + 1}`).toBeCloseTo(whole[curve]![k]!, 6));
    }
  });

  it("is the cosine of the phase difference of two waves, in the shell of their wave vector only", () => {
    const wave = (phase: number) => {
      const data = new Float32Array(n ** 3);
      for (let i = 0; i < data.length; i++)
        data[i] = Math.cos((2 * Math.PI * (3 * (i % n) - 4 * Math.floor(i / (n * n)))) / n + phase);
      return volumeOf(data);
    };
    const { fsc } = fourierShellCorrelation(wave(0.2), wave(1.1));
    expect(fsc[4]).toBeCloseTo(Math.cos(0.9), 5);
  });

  it("is SNR / (1 + SNR) for a common signal in independent noise, shell by shell", () => {
    const gain = (k: number) => 3 * Math.exp(-((k / 9) ** 2));
    const signal = colouredNoise("signal", gain);
    const { fsc } = fourierShellCorrelation(sum(signal, whiteNoise("noise 1")), sum(signal, whiteNoise("noise 2")));
    const size = shellSizes();
    fsc.forEach((value, i) => {
      const snr = gain(i + 1) ** 2;
      const expected = snr / (1 + snr);
      // Standard error of a correlation from size/2 independent complex pairs; the gain varies a little within a shell.
      const sigma = (1 - expected ** 2) / Math.sqrt(size[i + 1]!);
      expect(Math.abs(value - expected)).toBeLessThan(4 * sigma + 0.005);
    });
  });

  it("is 0 within three standard errors for independent noise", () => {
    const { fsc } = fourierShellCorrelation(sum(whiteNoise("noise 3")), sum(whiteNoise("noise 4")));
    const size = shellSizes();
    fsc.forEach((value, i) => expect(Math.abs(value)).toBeLessThan(3 / Math.sqrt(size[i + 1]!)));
  });

  it("removes the correlation that a mask carries into shells where the maps have nothing in common", () => {
    const signal = colouredNoise("signal", (k) => (k <= 4.5 ? 12 : 0));
    const noise = (name: string) => colouredNoise(name, (k) => (k <= 4.5 ? 0.1 : 1));
    const a = sum(signal, noise("noise 1")),
      b = sum(signal, noise("noise 2"));
    const mask = { ...a, data: sphericalMask(a.shape, 6.5, 1) };
    const result = fourierShellCorrelation(a, b, { mask, seed: 3 });
    expect(result.randomisedFromShell).toBe(5);
    expect(result.resolutionCurve).toBe("fscCorrected");
    const beyond = (curve: number[]) => curve.slice(6, 12);
    const mean = (curve: number[]) => beyond(curve).reduce((s, v) => s + v, 0) / 6;
    expect(mean(result.fscMasked!)).toBeGreaterThan(0.3);
    expect(Math.abs(mean(result.fscCorrected!))).toBeLessThan(0.1);
    result.fscCorrected!.slice(0, 6).forEach((v, i) => expect(v).toBe(result.fscMasked![i]));
    expect(fourierShellCorrelation(a, b, { mask, seed: 3 })).toEqual(result);
    expect(fourierShellCorrelation(a, b, { mask, seed: 4 }).fscPhaseRandomised).not.toEqual(result.fscPhaseRandomised);
  });

  it("keeps the corrected curve within 0 and 1 where the mask explains more than is there, and more than all", () => {
    const signal = colouredNoise("signal", (k) => (k <= 4.5 ? 12 : 0));
    const noise = (name: string) => colouredNoise(name, (k) => (k <= 4.5 ? 0.1 : 1));
    const a = sum(signal, noise("noise 1")),
      b = sum(signal, noise("noise 2"));
    const mask = { ...a, data: sphericalMask(a.shape, 3.5, 1) };
    for (let seed = 0; seed < 4; seed++) {
      const { fscCorrected, fscMasked, fscPhaseRandomised } = fourierShellCorrelation(a, b, { mask, seed });
      const raw = fscMasked!.map((m, i) => (m - fscPhaseRandomised![i]!) / (1 - fscPhaseRandomised![i]!));
      expect(Math.min(...raw.slice(6))).toBeLessThan(0); // so that there is something to cut off
      fscCorrected!.forEach((v, i) => {
        expect(v).toBeGreaterThanOrEqual(0);
        expect(v).toBeLessThanOrEqual(1);
        if (i >= 6) expect(v).toBeCloseTo(Math.max(0, raw[i]!), 10);
      });
    }
  });

  it("ends at the finest shell: every curve, and the resolution of maps that agree up to there", () => {
    const signal = colouredNoise("signal", (k) => (k < 9.5 ? 10 : 0));
    const a = sum(
        signal,
        colouredNoise("noise 1", (k) => (k < 9.5 ? 1 : 0)),
      ),
      b = sum(
        signal,
        colouredNoise("noise 2", (k) => (k < 9.5 ? 1 : 0)),
      );
    const mask = { ...a, data: sphericalMask(a.shape, 13.5, 3) };
    const result = fourierShellCorrelation(a, b, { mask, finestShell: 9 });
    for (const curve of [result.frequency, result.resolutionAngstrom, result.fsc, result.fscMasked!])
      expect(curve).toHaveLength(9);
    expect(result.finestAngstrom).toBeCloseTo((n * pixelSizeAngstrom) / 9, 12);
    expect(result).toMatchObject({
      finestShell: 9,
      resolution05Angstrom: result.finestAngstrom,
      resolution0143Angstrom: result.finestAngstrom,
      resolution05OrBetter: true,
      resolution0143OrBetter: true,
    });
    expect(finestShell(a)).toBe(9);
    expect(finestShell(sum(whiteNoise("a")))).toBe(n / 2);
  });

  it("refuses maps on different grids", () => {
    const a = volumeOf(new Float32Array(8), 2);
    expect(() => fourierShellCorrelation(a, { ...a, pixelSizeAngstrom: 2 })).toThrow(InputError);
    expect(() => fourierShellCorrelation(a, volumeOf(new Float32Array(27), 3))).toThrow(/3 x 3 x 3 voxels.*resample/);
    expect(() => fourierShellCorrelation({ ...a, shape: [1, 2, 4] }, a)).toThrow(/4 x 2 x 1 voxels.*cubic/);
  });
});

describe("crossingResolution", () => {
  const frequency = [0.01, 0.02, 0.03, 0.04, 0.05];
  it("interpolates the first crossing linearly in frequency", () => {
    const { angstrom, orBetter } = crossingResolution(frequency, [1, 0.9, 0.4, 0.6, 0.1], 0.5);
    expect(angstrom).toBeCloseTo(1 / 0.028, 10);
    expect(orBetter).toBe(false);
  });
  it("is null when nothing is resolved, and the last shell or better when everything is", () => {
    expect(crossingResolution(frequency, [0.1, 0.9, 0.9, 0.9, 0.9], 0.143)).toEqual({
      angstrom: null,
      orBetter: false,
    });
    expect(crossingResolution(frequency, [1, 1, 1, 1, 0.2], 0.143)).toEqual({ angstrom: 20, orBetter: true });
  });
  it("is never finer than the last shell, whatever the curve", () => {
    const stream = createStream(5, "curves");
    for (let i = 0; i < 500; i++) {
      const curve = frequency.map(() => 1.4 * stream.uniform() - 0.2);
      for (const threshold of [0.143, 0.5]) {
        const { angstrom, orBetter } = crossingResolution(frequency, curve, threshold);
        expect(angstrom ?? Infinity).toBeGreaterThanOrEqual(20);
        expect(orBetter).toBe(Math.min(...curve) >= threshold);
      }
    }
  });
});
