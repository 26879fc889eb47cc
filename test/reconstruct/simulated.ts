/** Particles of a made-up molecule whose poses and shifts are known, ready for the stages of refinement. */

import { disk } from "../../src/io/disk.ts";
import { centeredTransform } from "../../src/numeric/centredTransform.ts";
import { whiteNoise } from "../../src/physics/noise.ts";
import type { Matrix3 } from "../../src/physics/rotations.ts";
import { type ShiftLaw, sampleShifts } from "../../src/physics/shift.ts";
import { simulateImages, uniformDefocus } from "../../src/physics/simulate.ts";
import { pointGroup } from "../../src/physics/symmetry.ts";
import { samplePoses } from "../../src/physics/viewing.ts";
import type { RefinementContext } from "../../src/reconstruct/likelihood/context.ts";
import { createParticleStore } from "../../src/reconstruct/likelihood/particleStore.ts";
import { nodeCpu } from "../../src/runtime/onnxRuntimeNode.ts";
import { alone } from "../../src/runtime/processes.ts";
import { createStream } from "../../src/runtime/random.ts";
import { densityOf, moveBlobs, randomBlobs } from "../evaluate/blobs.ts";

export const boxSize = 24;
const pixelSizeAngstrom = 6,
  boxAngstrom = boxSize * pixelSizeAngstrom;
const device = nodeCpu(1);

export interface Simulated {
  context: RefinementContext;
  /** Density in the scale of the images, [boxSize]³. */
  truth: Float32Array;
  /** [count, 3, 3] */
  poses: Float32Array;
  /** [2, count], units of the box. */
  shifts: Float32Array;
}

export interface SimulationSettings {
  count: number;
  /** Up to which the store holds harmonics. */
  maxRadius: number;
  symmetry?: string;
  shiftLaw?: ShiftLaw;
  /** Variance of the noise that the stages are told of; the signal's is `signalToNoise` times that. */
  signalToNoise: number;
  /** Whether that noise is in the images. */
  noisy: boolean;
}

/** Call `context.store.close()` when done. */
export async function simulated({
  count,
  maxRadius,
  symmetry = "C1",
  shiftLaw = { kind: "none" },
  signalToNoise,
  noisy,
}: SimulationSettings): Promise<Simulated> {
  const group = pointGroup(symmetry);
  const unit = randomBlobs(12, 8, 0.25 * boxAngstrom, 0.8 * pixelSizeAngstrom);
  const volume = densityOf(
    group.flatMap((g) => moveBlobs(unit, g, [0, 0, 0], false)),
    boxSize,
    pixelSizeAngstrom,
  );
  const poses = samplePoses({ kind: "uniform" }, count, createStream(1, "poses")),
    shifts = sampleShifts(shiftLaw, count, createStream(1, "shifts"));
  const optics = uniformDefocus(
    count,
    [10_000, 20_000],
    { voltageKv: 300, sphericalAberrationMm: 2.7, amplitudeContrast: 0.1 },
    1,
  );
  const area = boxSize ** 2,
    images = new Float32Array(count * area);
  const exposures = {
    volume,
    rotations: poses,
    shifts: Float32Array.from({ length: 2 * count }, (_, i) => shifts[(i % 2) * count + (i >> 1)]!),
    optics,
  };
  let scale = 1;
  // Without noise the signal is brought to unit variance; the noise that the stages are told of then has
  // 1/signalToNoise.
  for await (const batch of simulateImages(
    { ...exposures, ...(noisy ? { signalToNoise, noise: whiteNoise(createStream(1, "noise")) } : {}) },
    device,
  )) {
    images.set(batch.images, batch.first * area);
    ({ scale } = batch);
  }
  const truth = volume.data.map((v) => scale * v);
  const spectra = {
    noise: new Float64Array(boxSize / 2 + 1).fill(noisy ? area : area / signalToNoise),
    signal: radialPowerOf(truth),
  };
  const base = { boxSize, boxAngstrom, count, optics };
  const store = await createParticleStore(
    {
      ...base,
      spectra,
      processes: alone,
      read: async (first, size) => images.subarray(first * area, (first + size) * area),
    },
    maxRadius,
    Infinity,
    disk.at("none"),
    device,
    () => {},
  );
  return {
    truth,
    poses,
    shifts,
    context: {
      ...base,
      spectra,
      store,
      shiftLaw,
      groups: [group],
      device,
      processes: alone,
      sample: { particles: Int32Array.from({ length: count }, (_, i) => i), images },
      views: { kind: "uniform" },
      maskRadius: 0.45,
      positivity: false,
      seed: 1,
      label: "test",
    },
  };
}

/** Shell means of |V̂|² of a cubic map. */
export function radialPowerOf(volume: Float32Array): Float64Array {
  const n = Math.round(Math.cbrt(volume.length)),
    { re, im } = centeredTransform(volume, [n, n, n]);
  const sums = new Float64Array(n / 2 + 1),
    members = new Float64Array(n / 2 + 1);
  const frequency = (i: number): number => (i < n / 2 ? i : i - n);
  re.forEach((v, i) => {
    const k = Math.round(
      Math.hypot(frequency(i % n), frequency(Math.floor(i / n) % n), frequency(Math.floor(i / n ** 2))),
    );
    if (k >= sums.length) return;
    sums[k]! += v ** 2 + im[i]! ** 2;
    members[k]!++;
  });
  return sums.map((sum, k) => sum / members[k]!);
}

export const poseOf = (poses: Float32Array, p: number): Matrix3 => Float64Array.from(poses.subarray(9 * p, 9 * p + 9));

/** Those of the particles that are chosen. */
export const only = (context: RefinementContext, chosen: Int32Array): RefinementContext => ({
  ...context,
  count: chosen.length,
  store: {
    ...context.store,
    take: (wanted, radius) =>
      context.store.take(
        Int32Array.from(wanted, (p) => chosen[p]!),
        radius,
      ),
  },
});
