/**
 * What the images themselves tell before any reconstruction: the power of the noise and of the molecule at each
 * frequency.
 */
import type { Optics } from "../../base/types.ts";
import { ctf, ctfInputs, ctfParameters } from "../../physics/ctf.ts";
import { polarGrid } from "../../physics/frequencies.ts";
import { transformOfImages } from "../../physics/imageTransform.ts";
import type { Device } from "../../runtime/device.ts";
import { compile } from "../../runtime/session.ts";
import * as op from "../../tensor/ops.ts";
import { constant, input } from "../../tensor/tensor.ts";

/** Power per shell, index = Fourier pixel, 0 … floor(n/2); power of the unnormalised transform of an n×n image. */
export interface Spectra {
  noise: Float64Array;
  /** P(k), shell mean of |V̂|², which by the central slice theorem is that of the projections. */
  signal: Float64Array;
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
 * Measures both spectra. Noise: from the image area outside the particle, N(k) = ⟨|transform of masked image|²⟩ ·
 * n²/area.
 * Signal: least squares over particles and directions, P(k) = Σ CTF² (|F|² - N) / Σ CTF⁴.
 *
 * @param images    [particles.length, n, n] flattened, background mean 0
 * @param particles index into `optics` of each image
 * @param most      so many images are used, evenly spread
 * @param radius  of the particle in pixels; beyond it is background
 */
export async function measureSpectra(
  images: Float32Array,
  n: number,
  optics: Optics,
  particles: ArrayLike<number>,
  boxAngstrom: number,
  radius: number,
  device: Device,
  most = 20_480,
): Promise<Spectra> {
  const batch = 128,
    top = Math.floor(n / 2);
  const grid = polarGrid(top, Math.max(8, 2 * Math.ceil(n / 4)));
  const mask = backgroundMask(n, radius);
  const area = mask.reduce((sum, m) => sum + m, 0);
  const x = input("images", [batch, n * n]),
    parameters = ctfInputs(batch);
  const power = (images: typeof x): typeof x => {
    const f = transformOfImages(images, n, grid);
    return op.add(op.square(f.re), op.square(f.im));
  };
  const perShell = (t: typeof x): typeof x => op.sum(op.reshape(t, [grid.angles, top, batch]), [0, 2]);
  const transfer2 = op.square(ctf(parameters, grid, boxAngstrom));
  const executable = await compile(
    {
      name: "spectra",
      state: {},
      feeds: { images: x, ...parameters },
      outputs: {
        background: perShell(power(op.mul(x, constant(mask, [1, n * n])))),
        weighted: perShell(op.mul(power(x), transfer2)),
        ctf2: perShell(transfer2),
        ctf4: perShell(op.square(transfer2)),
      },
    },
    device,
  );

  const totals = {
    background: new Float64Array(top),
    weighted: new Float64Array(top),
    ctf2: new Float64Array(top),
    ctf4: new Float64Array(top),
  };
  const used = Math.min(most, particles.length),
    batches = Math.floor(used / batch) || 1;
  for (let b = 0; b < batches; b++) {
    const chosen = Int32Array.from({ length: batch }, (_, i) =>
      Math.floor((((b * batch + i) % used) * particles.length) / used),
    );
    const pixels = new Float32Array(batch * n * n);
    chosen.forEach((p, i) => pixels.set(images.subarray(p * n * n, (p + 1) * n * n), i * n * n));
    const sums = await executable.run({
      images: pixels,
      ...ctfParameters(
        optics,
        chosen.map((p) => particles[p]!),
      ),
    });
    for (const key of Object.keys(totals) as (keyof typeof totals)[])
      sums[key]!.forEach((v, r) => (totals[key][r]! += v));
  }
  await executable.release();

  const samples = batches * batch * grid.angles;
  const noise = new Float64Array(top + 1),
    signal = new Float64Array(top + 1),
    excess = new Float64Array(top + 1);
  for (let r = 1; r <= top; r++) {
    noise[r] = (totals.background[r - 1]! / samples) * ((n * n) / area);
    excess[r] = (totals.weighted[r - 1]! - noise[r]! * totals.ctf2[r - 1]!) / totals.ctf4[r - 1]!;
  }
  for (let r = 1; r <= top; r++) {
    // Fine shells are averaged over their neighbours: the spectrum is smooth there, and the estimate is not.
    const reach = Math.floor(r / averagedShare),
      near = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.min(top, r - reach + i));
    const raw = near.reduce((sum, i) => sum + excess[i]!, 0) / near.length;
    // Where noise hides the signal the estimate may fall below zero; a small part of the noise keeps the scale defined.
    signal[r] = Math.max(raw, 1e-3 * noise[r]!);
  }
  noise[0] = noise[1]!;
  signal[0] = signal[1]!;
  return { noise, signal };
}
