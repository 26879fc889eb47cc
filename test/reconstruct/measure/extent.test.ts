import { describe, expect, it } from "vitest";
import type { Optics } from "../../../src/base/types.ts";
import { centeredInverse, centeredTransform } from "../../../src/numeric/centredTransform.ts";
import { signedFrequency } from "../../../src/numeric/fft.ts";
import { contrastTransfer } from "../../../src/physics/ctf.ts";
import { addToExtent, diameterFrom, keepCoarse, openExtentSums } from "../../../src/reconstruct/measure/extent.ts";
import { createStream } from "../../../src/runtime/random.ts";

const n = 48,
  pixel = 5,
  boxAngstrom = n * pixel,
  count = 200;
const optics: Optics = {
  defocusUAngstrom: Float64Array.from({ length: count }, (_, i) => 12_000 + 60 * i),
  defocusVAngstrom: Float64Array.from({ length: count }, (_, i) => 12_000 + 60 * i),
  astigmatismAngle: new Float64Array(count),
  phaseShift: new Float64Array(count),
  voltageKv: new Float64Array(count).fill(300),
  sphericalAberrationMm: new Float64Array(count).fill(2.7),
  amplitudeContrast: new Float64Array(count).fill(0.1),
  bFactorAngstrom2: new Float64Array(count),
};

interface Scene {
  /** Å */
  radius: number;
  /** Å; of a hollow ball. */
  inner?: number;
  /** Centres of further balls about as far away as two balls that touch. */
  neighbours?: number;
  /** Standard deviation of the centre, Å. */
  jitter?: number;
  noise: number;
  sign?: 1 | -1;
}

/** The projection of a ball of density 1, closed form: the length of the ray inside it. */
const chord = (r: number, radius: number): number => 2 * Math.sqrt(Math.max(0, radius ** 2 - r ** 2));

function diameter({ radius, inner = 0, neighbours = 0, jitter = 0, noise, sign = 1 }: Scene): number | undefined {
  const stream = createStream(7, `extent/${radius}/${inner}/${neighbours}/${noise}`),
    sums = openExtentSums(n, boxAngstrom);
  for (let p = 0; p < count; p++) {
    const centres = [[jitter * stream.normal(), jitter * stream.normal()] as const];
    for (let i = 0; i < neighbours; i++) {
      const angle = 2 * Math.PI * stream.uniform(),
        distance = 2.1 * radius * (1 + 0.3 * stream.uniform());
      centres.push([distance * Math.cos(angle), distance * Math.sin(angle)]);
    }
    const ideal = Float64Array.from({ length: n * n }, (_, i) =>
      centres.reduce((sum, [x, y]) => {
        const r = Math.hypot(((i % n) - n / 2) * pixel - x, (Math.floor(i / n) - n / 2) * pixel - y);
        return sum + chord(r, radius) - chord(r, inner);
      }, 0),
    );
    const { re, im } = centeredTransform(ideal, [n, n]),
      transfer = contrastTransfer(optics, p);
    for (let i = 0; i < n * n; i++) {
      const ctf = transfer(
        signedFrequency(i % n, n) / boxAngstrom,
        signedFrequency(Math.floor(i / n), n) / boxAngstrom,
      );
      re[i]! *= ctf;
      im[i]! *= ctf;
    }
    const image = centeredInverse(re, im, [n, n]);
    const coarse = keepCoarse(
      sums,
      Float32Array.from(image, (v) => sign * v + noise * stream.normal() + 3),
      p,
    );
    addToExtent(sums, coarse!, optics, p);
  }
  return diameterFrom(sums, sign > 0);
}

describe("the diameter of the particle, from its images", () => {
  it.each([40, 55, 70])(
    "is that of a ball of radius %d Å, with a margin of a tenth and as far as the CTF spreads it",
    (radius) => {
      const found = diameter({ radius, noise: 60 })!;
      expect(found).toBeGreaterThan(2 * radius);
      expect(found).toBeLessThan(2.2 * (radius + 25));
    },
  );

  it("is the outer one of a hollow ball, off-centre and dark as it may be", () => {
    const found = diameter({ radius: 60, inner: 40, jitter: 5, noise: 60, sign: -1 })!;
    expect(found).toBeGreaterThan(120);
    expect(found).toBeLessThan(175);
  });

  it("is not that of its neighbours", () => {
    const found = diameter({ radius: 45, neighbours: 3, noise: 60 })!;
    expect(found).toBeGreaterThan(90);
    expect(found).toBeLessThan(140);
  });

  it("is left open where the particle fills its box, and where there is noise alone", () => {
    expect(diameter({ radius: 112, noise: 60 })).toBeUndefined();
    expect(diameter({ radius: 0, noise: 60 })).toBeUndefined();
  });
});

it("a box of few Å has two coarse pixels along an edge at least", () => {
  for (const boxSize of [2, 3, 4, 8, 16]) {
    const { edge, bin } = openExtentSums(boxSize, 1.25 * boxSize);
    expect(edge).toBeGreaterThanOrEqual(2);
    expect(edge * bin).toBeLessThanOrEqual(boxSize);
  }
});
