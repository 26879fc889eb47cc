import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Optics } from "../../../src/base/types.ts";
import { disk } from "../../../src/io/disk.ts";
import {
  createParticleStore,
  type MatchedBatch,
  type StoreSource,
} from "../../../src/reconstruct/likelihood/particleStore.ts";
import { nodeCpu } from "../../../src/runtime/onnxRuntimeNode.ts";
import { alone } from "../../../src/runtime/processes.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { temporaryFolder } from "../../io/helpers.ts";

const device = nodeCpu(1);
const folder = temporaryFolder(),
  scratch = join(folder, "particles.scratch");
const everything = Infinity;

// Two batches of the store, the second one of a few images.
const n = 16,
  boxAngstrom = 80,
  count = 260,
  maxRadius = 7;
const draw = createStream(1, "particles");
const column = (value: (i: number) => number): Float64Array => Float64Array.from({ length: count }, (_, i) => value(i));
const optics: Optics = {
  defocusUAngstrom: column(() => 10_000 + 10_000 * draw.uniform()),
  defocusVAngstrom: column(() => 10_000 + 10_000 * draw.uniform()),
  astigmatismAngle: column(() => Math.PI * draw.uniform()),
  phaseShift: column(() => draw.uniform()),
  voltageKv: column(() => 300),
  sphericalAberrationMm: column(() => 2.7),
  amplitudeContrast: column(() => 0.1),
  bFactorAngstrom2: column(() => 50 * draw.uniform()),
};
const noise = Float64Array.from({ length: n / 2 + 1 }, (_, k) => 200 + 30 * k);
const spectra = { noise, signal: new Float64Array(n / 2 + 1).fill(1) };
const source = (images: Float32Array, of: Optics = optics): StoreSource => ({
  count,
  optics: of,
  boxSize: n,
  boxAngstrom,
  spectra,
  processes: alone,
  read: async (first, size) => images.slice(first * n * n, (first + size) * n * n),
});
const open = (from: StoreSource, radius: number, limit = everything): ReturnType<typeof createParticleStore> =>
  createParticleStore(from, radius, limit, disk.at(scratch), device, () => {});

const random = new Float32Array(count * n * n);
createStream(2, "pixels").fillNormal(random);

/** CTF at 300 kV (wavelength 0.0196875 Å) as in Rohou & Grigorieff (2015), eqs. 3-5, with RELION's envelope. */
function ctf(o: Optics, p: number, kx: number, ky: number): number {
  const lambda = 0.01968749,
    s = Math.hypot(kx, ky) / boxAngstrom,
    angle = Math.atan2(ky, kx);
  const [u, v] = [o.defocusUAngstrom[p]!, o.defocusVAngstrom[p]!];
  const defocus = (u + v) / 2 + ((u - v) / 2) * Math.cos(2 * (angle - o.astigmatismAngle[p]!));
  const chi =
    Math.PI * lambda * defocus * s ** 2 -
    (Math.PI / 2) * o.sphericalAberrationMm[p]! * 1e7 * lambda ** 3 * s ** 4 +
    o.phaseShift[p]! +
    Math.asin(o.amplitudeContrast[p]!);
  return Math.sin(chi) * Math.exp((-o.bFactorAngstrom2[p]! * s ** 2) / 4);
}

/**
 * What a store should give, from the definitions: a Fourier sum at each polar sample, whitened and matched-filtered,
 * then harmonics over the whole circle.
 */
function direct(images: Float32Array, o: Optics, chosen: readonly number[], radius: number): MatchedBatch {
  const angles = 2 * radius,
    size = chosen.length;
  const orders = [...Array(angles).keys()].sort((a, b) => (a % 2) - (b % 2) || a - b); // even ones first
  const out = { harmonics: new Float32Array(angles * 2 * radius * size), ctfSquared: new Float32Array(radius * size) };
  chosen.forEach((p, b) => {
    for (let r = 1; r <= radius; r++) {
      const hartley = Array.from({ length: 2 * angles }, (_, a) => {
        const kx = r * Math.cos((Math.PI * a) / angles),
          ky = r * Math.sin((Math.PI * a) / angles);
        let re = 0,
          im = 0;
        for (let y = 0; y < n; y++)
          for (let x = 0; x < n; x++) {
            const phase = (-2 * Math.PI * (kx * (x - n / 2) + ky * (y - n / 2))) / n,
              v = images[(p * n + y) * n + x]!;
            re += v * Math.cos(phase);
            im += v * Math.sin(phase);
          }
        const h = ctf(o, p, kx, ky);
        if (a < angles) out.ctfSquared[(r - 1) * size + b]! += h ** 2 / angles;
        // A sample's area over the noise's power in it.
        return (re + im) * h * Math.sqrt((Math.PI * r) / angles / noise[r]!);
      });
      orders.forEach((m, i) => {
        const norm = Math.sqrt((m === 0 ? 1 : 2) / (2 * angles));
        [Math.cos, Math.sin].forEach((wave, part) => {
          out.harmonics[((i * 2 + part) * radius + r - 1) * size + b] = hartley.reduce(
            (sum, v, a) => sum + norm * v * wave((Math.PI * m * a) / angles),
            0,
          );
        });
      });
    }
  });
  return out;
}

/** Root mean square difference over root mean square of the truth. */
function relativeError(found: ArrayLike<number>, truth: ArrayLike<number>): number {
  expect(found.length).toBe(truth.length);
  let error = 0,
    size = 0;
  for (let i = 0; i < truth.length; i++) {
    error += (found[i]! - truth[i]!) ** 2;
    size += truth[i]! ** 2;
  }
  return Math.sqrt(error / size);
}

describe("the store of matched-filtered particles", () => {
  it("holds each particle's harmonics, in any order asked for", async () => {
    const store = await open(source(random), maxRadius);
    expect(store.maxRadius).toBe(maxRadius);
    const chosen = [259, 3, 0, 3];
    const found = await store.take(chosen, maxRadius),
      truth = direct(random, optics, chosen, maxRadius);
    expect(relativeError(found.harmonics, truth.harmonics)).toBeLessThan(1e-4);
    expect(relativeError(found.ctfSquared, truth.ctfSquared)).toBeLessThan(1e-4);
    // Particle by particle, so that none hides behind the others.
    for (const b of [0, 1, 2, 3]) {
      const of = (values: Float32Array): Float32Array => values.filter((_, i) => i % 4 === b);
      expect(relativeError(of(found.harmonics), of(truth.harmonics))).toBeLessThan(1e-4);
      expect(relativeError(of(found.ctfSquared), of(truth.ctfSquared))).toBeLessThan(1e-4);
    }
    await store.close();
  });

  it("takes an image by the noise of its micrograph, and its CTF by that and the contrast", async () => {
    const shells = n / 2 + 1,
      ratio = (g: number, k: number): number => (g === 0 ? 1.5 - 0.05 * k : 0.6 + 0.02 * k),
      contrast = [0.8, 1.25] as const;
    const groups = {
      of: Int32Array.from({ length: count }, (_, p) => p % 2),
      noise: Float32Array.from({ length: 2 * shells }, (_, i) => ratio(Math.floor(i / shells), i % shells)),
      contrast: Float32Array.from(contrast),
    };
    const store = await open({ ...source(random), spectra: { ...spectra, groups } }, maxRadius);
    const chosen = [259, 3, 0, 4];
    const found = await store.take(chosen, maxRadius),
      truth = direct(random, optics, chosen, maxRadius);
    // Both are multiplied by the CTF, which the noise of the group divides as it does the image.
    const factor = (b: number, k: number): number => contrast[chosen[b]! % 2]! / ratio(chosen[b]! % 2, k);
    const squared = (b: number, k: number): number => contrast[chosen[b]! % 2]! * factor(b, k);
    const radiusAt = (i: number): number => (Math.floor(i / 4) % maxRadius) + 1;
    expect(
      relativeError(
        found.harmonics,
        truth.harmonics.map((v, i) => v * factor(i % 4, radiusAt(i))),
      ),
    ).toBeLessThan(1e-4);
    expect(
      relativeError(
        found.ctfSquared,
        truth.ctfSquared.map((v, i) => v * squared(i % 4, radiusAt(i))),
      ),
    ).toBeLessThan(1e-4);
    await store.close();
  });

  it("takes scales into the CTF: an image is multiplied by it once, and its square twice", async () => {
    const store = await open(source(random), maxRadius),
      chosen = [7, 250],
      scales = Float32Array.from({ length: count }, (_, p) => 0.5 + p / count);
    const found = await store.take(chosen, 5, scales),
      plain = await store.take(chosen, 5);
    for (const b of [0, 1]) {
      const s = scales[chosen[b]!]!,
        of = (values: Float32Array): Float32Array => values.filter((_, i) => i % 2 === b);
      expect(
        relativeError(
          of(found.harmonics),
          of(plain.harmonics).map((v) => s * v),
        ),
      ).toBeLessThan(1e-6);
      expect(
        relativeError(
          of(found.ctfSquared),
          of(plain.ctfSquared).map((v) => s ** 2 * v),
        ),
      ).toBeLessThan(1e-6);
    }
    await store.close();
  });

  it("gives the inner circles to a coarser stage: what its own polar grid would see in compact particles", async () => {
    // Gaussians near the centre, without astigmatism: few angular orders on each circle.
    const round: Optics = { ...optics, defocusVAngstrom: optics.defocusUAngstrom };
    const compact = new Float32Array(count * n * n),
      place = createStream(3, "places");
    for (let p = 0; p < count; p++)
      for (let blob = 0; blob < 3; blob++) {
        const x0 = n / 2 + 4 * place.uniform() - 2,
          y0 = n / 2 + 4 * place.uniform() - 2,
          height = 0.5 + place.uniform();
        for (let i = 0; i < n * n; i++)
          compact[p * n * n + i]! += height * Math.exp(-(((i % n) - x0) ** 2 + (Math.floor(i / n) - y0) ** 2) / 2);
      }
    const store = await open(source(compact, round), maxRadius);
    for (const radius of [4, 5, 6]) {
      const found = await store.take([7, 258], radius),
        truth = direct(compact, round, [7, 258], radius);
      expect(relativeError(found.harmonics, truth.harmonics)).toBeLessThan(2e-3);
      expect(relativeError(found.ctfSquared, truth.ctfSquared)).toBeLessThan(1e-4);
    }
    await store.close();
  });

  it("is the same in a scratch file as in memory; the file goes with it", async () => {
    const inMemory = await open(source(random), maxRadius),
      inFile = await open(source(random), maxRadius, 0);
    expect(readdirSync(folder)).toEqual(["particles.scratch"]);
    expect(statSync(scratch).size).toBe(4 * count * (4 * maxRadius ** 2 + maxRadius));
    // A larger request after a smaller one, and one for which the buffer is too long.
    for (const chosen of [[5], [200, 201, 202, 17, 259, 0], [90, 89]]) {
      for (const radius of [maxRadius, 5])
        expect(await inFile.take(chosen, radius)).toEqual(await inMemory.take(chosen, radius));
    }
    await Promise.all([inMemory.close(), inFile.close()]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("tells how far it is, and leaves no file when it is stopped or cannot read an image", async () => {
    const done: number[] = [],
      controller = new AbortController();
    const store = await createParticleStore(source(random), 4, 0, disk.at(scratch), device, (d) => done.push(d));
    await store.close();
    expect(done).toEqual([256, 260]);

    await expect(
      createParticleStore(source(random), 4, 0, disk.at(scratch), device, () => controller.abort(), controller.signal),
    ).rejects.toMatchObject({ name: "AbortError" });
    expect(existsSync(scratch)).toBe(false);

    const broken = {
      ...source(random),
      read: async () => {
        throw new Error("no such stack");
      },
    };
    await expect(open(broken, 4, 0)).rejects.toThrow("no such stack");
    expect(existsSync(scratch)).toBe(false);
  });
});
