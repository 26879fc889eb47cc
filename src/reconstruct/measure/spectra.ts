/**
 * What the images themselves tell before any reconstruction: the power of the noise and of the molecule at each
 * frequency.
 */
import type { Optics } from "../../base/types.ts";
import { type CtfParameters, ctf, ctfInputs, ctfParameters } from "../../physics/ctf.ts";
import { polarGrid } from "../../physics/frequencies.ts";
import { transformOfImages } from "../../physics/imageTransform.ts";
import { cosineEdge } from "../../physics/mask.ts";
import type { Device } from "../../runtime/device.ts";
import { compile } from "../../runtime/session.ts";
import * as op from "../../tensor/ops.ts";
import { constant, input } from "../../tensor/tensor.ts";
import {
  addImage,
  beyondBackground,
  emptySums,
  groupContrast,
  groupNoise,
  type ImageMeasure,
  imageMeasures,
} from "./groupNoise.ts";
import type { NoiseGroups } from "./noiseGroups.ts";
import { type BackgroundPower, quietSectors, quietShare } from "./quietSectors.ts";

/** Power per shell, index = Fourier pixel, 0 … floor(n/2); power of the unnormalised transform of an n×n image. */
export interface Spectra {
  noise: Float64Array;
  /** P(k), shell mean of |V̂|², which by the central slice theorem is that of the projections. */
  signal: Float64Array;
  /** Where noise and contrast differ between groups of particles: `noise` is then the mean. */
  groups?: NoiseGroups;
}

/** The signal's power at shell k is averaged over shells k ± k/10. */
const averagedShare = 10;

/** 1 outside a circle of the given radius (in pixels, about pixel floor(n/2)), 0 inside: where there is no particle. */
export function backgroundMask(n: number, radius: number): Float32Array {
  const centre = Math.floor(n / 2);
  return Float32Array.from({ length: n * n }, (_, i) =>
    Math.hypot((i % n) - centre, Math.floor(i / n) - centre) > radius ? 1 : 0,
  );
}

/**
 * The same with an edge of a raised cosine outside the circle, over half of the way to the box's: a sharp one would
 * spread the power of low frequencies, where neighbours and ice have most, over all others.
 */
export function softBackground(n: number, radius: number): Float32Array {
  const centre = Math.floor(n / 2),
    edge = Math.max(1, (n / 2 - radius) / 2);
  return Float32Array.from(
    { length: n * n },
    (_, i) => 1 - cosineEdge(Math.hypot((i % n) - centre, Math.floor(i / n) - centre) - radius, edge),
  );
}

const batch = 128;

/**
 * Measures both spectra. Noise: from the image area outside the particle, N(k) = ⟨|transform of masked image|²⟩ ·
 * n²/area; where there are neighbours, from its quiet sectors (quietSectors.ts).
 * Signal: least squares over particles and directions, P(k) = Σ CTF² (|F|² - B) / Σ CTF⁴, with B the power of each
 * image's own background: ice scatters behind the same CTF, so that a mean B would leave a third of what it scatters.
 *
 * @param images    [particles.length, n, n] flattened, background mean 0
 * @param particles index into `optics` of each image
 * @param radius  of the particle in pixels; beyond it is background
 * @param groupOf group of each particle of `optics`, where there are several; all images are used then
 * @param most      so many images are used, evenly spread
 */
export async function measureSpectra(
  images: Float32Array,
  n: number,
  optics: Optics,
  particles: ArrayLike<number>,
  boxAngstrom: number,
  radius: number,
  device: Device,
  groupOf?: Int32Array,
  most = groupOf ? particles.length : 20_480,
): Promise<Spectra> {
  const top = Math.floor(n / 2);
  const meter = await openMeter(n, radius, boxAngstrom, device, groupOf !== undefined),
    { areas } = meter;
  const sums = groupOf && emptySums(1 + groupOf.reduce((a, b) => Math.max(a, b), 0), top),
    totals = emptyTotals(top);
  const used = Math.min(most, particles.length),
    batches = Math.floor(used / batch) || 1;
  const pixels = new Float32Array(batch * n * n);
  const batchOptics = (named: Int32Array): CtfParameters<Float32Array> => ctfParameters(optics, named);
  for (let b = 0; b < batches; b++) {
    const chosen = Int32Array.from({ length: batch }, (_, i) =>
      Math.floor((((b * batch + i) % used) * particles.length) / used),
    );
    chosen.forEach((p, i) => pixels.set(images.subarray(p * n * n, (p + 1) * n * n), i * n * n));
    const named = chosen.map((p) => particles[p]!),
      results = await meter.measure(pixels, batchOptics(named));
    addTotals(totals, results);
    if (sums) named.forEach((p, i) => addImage(sums, groupOf[p]!, (name, r) => results[each(name)]![r * batch + i]!));
  }
  const powers = (of: Totals, count: number): BackgroundPower => ({
    all: shells(top, (r) => (of.background[r - 1]! / (count * meter.angles)) * areas.scale),
    quiet: shells(top, (r) => of.quiet[r - 1]! / (count * meter.angles)),
  });
  const measured = batches * batch,
    background = powers(totals, measured);
  const share = await quietShare(background, measured, n, areas, async (source, count) => {
    const told = emptyTotals(top),
      times = Math.ceil(count / batch);
    for (let i = 0; i < times; i++) {
      source(pixels);
      addTotals(
        told,
        await meter.measure(pixels, batchOptics(Int32Array.from({ length: batch }, () => particles[0]!))),
      );
    }
    return powers(told, times * batch);
  });
  await meter.release();

  const noise = share ? background.all.map((power, k) => power * share[k]!) : background.all,
    underParticle = shells(top, (r) => (areas.scale - 1) * (share?.[r] ?? 1)),
    signal = signalPower(
      beyondBackground(totals, underParticle),
      totals.ctf4.map((sum) => sum / meter.angles),
      noise,
      meter.angles,
    );
  if (!sums) return { noise, signal };
  const ratios = share
    ? groupNoise(sums.images, sums.quiet, sums.quietSquared, background.quiet, areas.quiet)
    : groupNoise(
        sums.images,
        sums.background,
        sums.backgroundSquared,
        background.all.map((power) => power / areas.scale),
        areas.all,
      );
  const contrast = groupContrast(sums, beyondBackground(sums, underParticle), ratios, noise, signal, areas.all);
  return { noise, signal, groups: { of: groupOf, noise: ratios, contrast } };
}

type Totals = Record<ImageMeasure, Float64Array>;

interface Meter {
  /** Of background and quiet sectors, as shares of the image; `scale` is 1/all. */
  areas: { all: number; quiet: number; scale: number };
  /** Directions on a shell. */
  angles: number;
  /**
   * What `ImageMeasure` names, of a batch of images: summed over images and directions and, by the name with `Each`
   * where it is asked for, of each image the mean over directions, [shells, batch]. The power of the background is that
   * of its own area.
   */
  measure(images: Float32Array, parameters: CtfParameters<Float32Array>): Promise<Record<string, Float32Array>>;
  release(): Promise<void>;
}

const each = (name: ImageMeasure): string => `${name}Each`;

async function openMeter(
  n: number,
  radius: number,
  boxAngstrom: number,
  device: Device,
  ofEach: boolean,
): Promise<Meter> {
  const top = Math.floor(n / 2),
    grid = polarGrid(top, Math.max(8, 2 * Math.ceil(n / 4)));
  const outside = backgroundMask(n, radius),
    window = softBackground(n, radius),
    area = window.reduce((sum, w) => sum + w * w, 0),
    sectors = quietSectors(n, outside);
  const x = input("images", [batch, n * n]),
    picked = input("picked", [batch, n * n]),
    parameters = ctfInputs(batch);
  const power = (images: typeof x, support?: Float32Array): typeof x => {
    const f = transformOfImages(images, n, grid, support);
    return op.add(op.square(f.re), op.square(f.im));
  };
  const transfer2 = op.square(ctf(parameters, grid, boxAngstrom)),
    background = power(op.mul(x, constant(window, [1, n * n])), outside);
  const measured: Record<ImageMeasure, typeof x> = {
    background,
    quiet: power(picked, outside),
    weighted: op.mul(power(x), transfer2),
    crowded: op.mul(background, transfer2),
    ctf2: transfer2,
    ctf4: op.square(transfer2),
  };
  const outputs = imageMeasures.flatMap((name): [string, typeof x][] => {
    const perShell = op.reshape(measured[name], [grid.angles, top, batch]),
      all: [string, typeof x] = [name, op.sum(perShell, [0, 2])];
    return ofEach ? [all, [each(name), op.mean(perShell, [0])]] : [all];
  });
  const executable = await compile(
    {
      name: "spectra",
      state: {},
      feeds: { images: x, picked, ...parameters },
      outputs: Object.fromEntries(outputs),
    },
    device,
  );
  const quiet = new Float32Array(batch * n * n);
  return {
    areas: { all: area / n ** 2, quiet: sectors.area, scale: n ** 2 / area },
    angles: grid.angles,
    measure(images, optics) {
      for (let start = 0; start < images.length; start += n * n)
        sectors.pick(images.subarray(start, start + n * n), quiet.subarray(start, start + n * n));
      return executable.run({ images, picked: quiet, ...optics });
    },
    release: () => executable.release(),
  };
}

const emptyTotals = (top: number): Totals =>
  Object.fromEntries(imageMeasures.map((name) => [name, new Float64Array(top)])) as Totals;

function addTotals(totals: Totals, results: Record<string, Float32Array>): void {
  for (const name of imageMeasures) results[name]!.forEach((v, r) => (totals[name][r]! += v));
}

/** A value for each of the shells 1, 2, …; shell 0 has that of shell 1. */
function shells(top: number, value: (shell: number) => number): Float64Array {
  return Float64Array.from({ length: top + 1 }, (_, r) => value(Math.max(1, r)));
}

/** So many standard errors above 0 the power of a shell counts as seen. */
const seenFrom = 4;
/** Where noise hides the signal, a small part of the noise keeps the scale defined. */
const leastSignal = 1e-3;

/**
 * Power of the signal on shells 0, 1, …. Fine shells are taken together with their neighbours, as the spectrum is
 * smooth there and the estimate is not. No molecule is without power on a shell between those where it is seen: where
 * CTFs are near 0 the error of the background outweighs it, and the seen ones are interpolated.
 *
 * @param beyond Σ CTF²·(|F|² - B) over images and directions, shells 1, 2, …
 * @param ctf4   Σ CTF⁴ over images, in the mean over directions
 */
function signalPower(beyond: Float64Array, ctf4: Float64Array, noise: Float64Array, angles: number): Float64Array {
  const top = beyond.length;
  const near = (of: Float64Array, k: number): number => {
    const reach = Math.floor(k / averagedShare);
    return Array.from({ length: 2 * reach + 1 }, (_, i) => of[Math.min(top, k - reach + i) - 1]!).reduce(
      (a, b) => a + b,
    );
  };
  const raw = shells(top, (k) => near(beyond, k) / angles / near(ctf4, k)),
    // One of πk coefficients of an image has the variance noise².
    error = shells(top, (k) => noise[k]! / Math.sqrt(Math.PI * k * near(ctf4, k)));
  const seen = Array.from(raw.keys()).filter((k) => k > 0 && raw[k]! > seenFrom * error[k]!);
  return shells(top, (k) => {
    const below = seen.findLast((s) => s <= k),
      above = seen.find((s) => s >= k);
    if (below === undefined || above === undefined) return Math.max(raw[k]!, leastSignal * noise[k]!);
    const way = above === below ? 0 : (k - below) / (above - below);
    return raw[below]! ** (1 - way) * raw[above]! ** way;
  });
}
