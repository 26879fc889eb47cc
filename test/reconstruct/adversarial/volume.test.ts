import { describe, expect, it } from "vitest";
import { centeredTransform } from "../../../src/numeric/centredTransform.ts";
import { signedFrequency } from "../../../src/numeric/fft.ts";
import { sphericalMask } from "../../../src/physics/mask.ts";
import { pointGroup } from "../../../src/physics/symmetry.ts";
import {
  casMatrix,
  casTransform,
  coefficientAmplitude,
  density,
  type VolumeModel,
} from "../../../src/reconstruct/adversarial/volume.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { evaluateReference } from "../../../src/tensor/reference.ts";
import { input, type Tensor } from "../../../src/tensor/tensor.ts";

function applied(build: (u: Tensor) => Tensor, u: ArrayLike<number>, n: number): Float64Array {
  const x = input("u", [n, n, n]);
  return evaluateReference([build(x)], new Map([[x, Float64Array.from(u)]]))[0]!;
}
const identity = pointGroup("C1");
const model = (n: number, change: Partial<VolumeModel> = {}): VolumeModel => ({
  n,
  amplitude: new Float32Array(n ** 3).fill(1),
  mask: new Float32Array(n ** 3).fill(1),
  positive: false,
  groups: [identity],
  ...change,
});
const densityOf = (u: ArrayLike<number>, m: VolumeModel): Float64Array => applied((x) => density(x, m), u, m.n);

/** |transform|² by z, y, x, and the signed frequency of each entry. */
function powerOf(volume: ArrayLike<number>, n: number): { k: [number, number, number]; power: number }[] {
  const { re, im } = centeredTransform(volume, [n, n, n]);
  const signed = (i: number): number => signedFrequency(i, n);
  return Array.from(re, (r, i) => ({
    k: [signed(Math.floor(i / n ** 2)), signed(Math.floor(i / n) % n), signed(i % n)],
    power: r ** 2 + im[i]! ** 2,
  }));
}

describe("cas basis", () => {
  it.each([7, 8])("of edge %i is orthonormal, symmetric and its own inverse", (n) => {
    const c = casMatrix(n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        let product = 0,
          rows = 0;
        for (let k = 0; k < n; k++) {
          product += c[i * n + k]! * c[k * n + j]!;
          rows += c[i * n + k]! * c[j * n + k]!;
        }
        expect(product).toBeCloseTo(i === j ? 1 : 0, 6);
        expect(rows).toBeCloseTo(i === j ? 1 : 0, 6);
        expect(c[i * n + j]).toBeCloseTo(c[j * n + i]!, 6);
      }
    }
  });

  it("in three dimensions equals the sum over its definition", () => {
    const n = 6,
      centre = 3;
    const at = [4, 1, 5]; // one voxel of value 1: the transform is the product of three cas
    const u = new Float64Array(n ** 3);
    u[(at[0]! * n + at[1]!) * n + at[2]!] = 1;
    const out = applied(casTransform, u, n);
    const cas = (k: number, x: number): number =>
      (Math.SQRT2 * Math.cos((2 * Math.PI * (k - centre) * (x - centre)) / n - Math.PI / 4)) / Math.sqrt(n);
    for (let i = 0; i < n ** 3; i++) {
      expect(out[i]).toBeCloseTo(
        cas(Math.floor(i / n ** 2), at[0]!) * cas(Math.floor(i / n) % n, at[1]!) * cas(i % n, at[2]!),
        6,
      );
    }
  });
});

describe("density", () => {
  it.each([8, 9])("a coefficient carries its frequency alone, up to the signs along the axes (n = %i)", (n) => {
    const centre = Math.floor(n / 2),
      k = [2, -1, 3] as const,
      amplitude = 5;
    const u = new Float64Array(n ** 3);
    u[((k[0] + centre) * n + k[1] + centre) * n + k[2] + centre] = 1;
    const volume = densityOf(u, model(n, { amplitude: new Float32Array(n ** 3).fill(amplitude) }));
    for (const {
      k: [z, y, x],
      power,
    } of powerOf(volume, n)) {
      // cas a = ((1-i) e^(ia) + (1+i) e^(-ia))/2: half the power at each sign.
      const own = Math.abs(z) === 2 && Math.abs(y) === 1 && Math.abs(x) === 3;
      expect(power).toBeCloseTo(own ? amplitude ** 2 / 8 : 0, 4);
    }
  });

  it("on an axis a coefficient's power lies at ±k", () => {
    const n = 8,
      u = new Float64Array(n ** 3);
    u[(4 * n + 4) * n + 4 + 3] = 1;
    for (const {
      k: [z, y, x],
      power,
    } of powerOf(densityOf(u, model(n)), n)) {
      expect(power).toBeCloseTo(z === 0 && y === 0 && Math.abs(x) === 3 ? 0.5 : 0, 5);
    }
  });

  it("coefficients of unit size give the transform the power P(|k|) exactly, at every radius up to the last", () => {
    const n = 12,
      maxRadius = 4.5,
      power = [7, 40, 20, 10, 5, 2, 1];
    const stream = createStream(1, "signs");
    const u = Float64Array.from({ length: n ** 3 }, () => (stream.uniform() < 0.5 ? -1 : 1));
    const volume = densityOf(u, model(n, { amplitude: coefficientAmplitude(n, power, maxRadius) }));
    // Within frequencies of equal |k| the basis is unitary, so that signs keep the mean power.
    const radii = new Map<number, number[]>();
    for (const {
      k: [z, y, x],
      power: p,
    } of powerOf(volume, n)) {
      const r2 = z * z + y * y + x * x;
      radii.set(r2, [...(radii.get(r2) ?? []), p]);
    }
    for (const [r2, values] of radii) {
      const r = Math.sqrt(r2),
        low = Math.floor(r);
      const expected = r > 5 ? 0 : power[low]! * (low + 1 - r) + power[Math.min(low + 1, 6)]! * (r - low);
      expect(values.reduce((sum, v) => sum + v, 0) / values.length).toBeCloseTo(expected, 4);
    }
  });

  it("of normal coefficients has each shell's power within statistics", () => {
    const n = 16,
      power = Array.from({ length: 9 }, (_, k) => 100 * Math.exp(-k / 3));
    const u = new Float32Array(n ** 3);
    createStream(4, "volume").fillNormal(u);
    const spectrum = powerOf(densityOf(u, model(n, { amplitude: coefficientAmplitude(n, power, 7) })), n);
    for (let shell = 1; shell <= 6; shell++) {
      const members = spectrum.filter(({ k }) => Math.abs(Math.hypot(...k) - shell) < 0.5);
      const expected = members.reduce((sum, { k }) => sum + 100 * Math.exp(-Math.hypot(...k) / 3), 0) / members.length;
      const mean = members.reduce((sum, m) => sum + m.power, 0) / members.length;
      // χ² of as many degrees of freedom as real coefficients; 2 % for the straight lines between shells.
      expect(Math.abs(mean / expected - 1)).toBeLessThan(4 * Math.sqrt(2 / members.length) + 0.02);
    }
  });

  it("is cut off below zero where asked, times the mask", () => {
    const n = 8,
      u = new Float32Array(n ** 3),
      mask = sphericalMask([n, n, n], 3, 1);
    createStream(2, "volume").fillNormal(u);
    const plain = densityOf(u, model(n));
    expect(plain.some((v) => v < 0)).toBe(true);
    densityOf(u, model(n, { positive: true, mask })).forEach((v, i) =>
      expect(v).toBeCloseTo(Math.max(0, plain[i]!) * mask[i]!, 6),
    );
  });

  it("has the symmetry of its group: half a turn about z", () => {
    const n = 8,
      u = new Float32Array(n ** 3);
    createStream(3, "volume").fillNormal(u);
    const volume = densityOf(
      u,
      model(n, { groups: [pointGroup("C2")], amplitude: coefficientAmplitude(n, [1, 1, 1, 1], 3) }),
    );
    const at = (z: number, y: number, x: number): number => volume[((z + 4) * n + y + 4) * n + x + 4]!;
    const deviation = Math.sqrt(volume.reduce((sum, v) => sum + v * v, 0) / n ** 3);
    for (let z = -4; z < 4; z++)
      for (let y = -3; y < 4; y++)
        for (let x = -3; x < 4; x++) {
          expect(Math.abs(at(z, y, x) - at(z, -y, -x))).toBeLessThan(1e-5 * deviation);
        }
    expect(deviation).toBeGreaterThan(0.01);
  });
});
