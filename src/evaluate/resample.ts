import type { Volume } from "../base/types.ts";
import { centeredInverse } from "../numeric/centredTransform.ts";
import { signedFrequency } from "../numeric/fft.ts";
import { changeBox } from "../numeric/fourierCrop.ts";

/**
 * The same density on a cubic grid of `boxSize` voxels of `pixelSizeAngstrom`, centre voxel floor(n/2) on centre voxel;
 * the input need not be a cube. Density values are kept (not scaled by the change of voxel volume).
 *
 * The transform of the map, F(q) = sum_x f(x) exp(-2 pi i q x), is evaluated at the frequencies of the new grid,
 * q = k / (boxSize pixelSize), one axis after another, and inverted there. For boxes of the same physical edge this is
 * Fourier cropping or padding; for others it is exact too (density beyond the new box is cut off first, the old box is
 * surrounded by zeros). Frequencies beyond the old or the new Nyquist frequency are zero.
 */
export function resample(volume: Volume, boxSize: number, pixelSizeAngstrom: number): Volume {
  const oldPixel = volume.pixelSizeAngstrom;
  if (oldPixel === pixelSizeAngstrom && volume.shape.every((n) => n === boxSize)) return volume;
  const edge = boxSize * pixelSizeAngstrom;
  const oldEdges = volume.shape.map((n) => n * oldPixel);
  if (oldEdges.every((old) => Math.abs(old / edge - 1) < 1e-6)) {
    const { data } = changeBox({ n: volume.shape[0], data: volume.data }, boxSize),
      factor = (boxSize / volume.shape[0]) ** 3;
    return onNewGrid(
      volume,
      boxSize,
      pixelSizeAngstrom,
      data.map((v) => v * factor),
    );
  }
  let current: Block = {
    re: Float64Array.from(volume.data),
    im: new Float64Array(volume.data.length),
    shape: [...volume.shape],
  };
  for (const axis of [0, 1, 2] as const) current = transformAxis(current, axis, oldPixel, boxSize, edge);
  const data = centeredInverse(current.re, current.im, [boxSize, boxSize, boxSize]);
  const scale = (oldPixel / pixelSizeAngstrom) ** 3;
  return onNewGrid(
    volume,
    boxSize,
    pixelSizeAngstrom,
    Float32Array.from(data, (v) => v * scale),
  );
}

/**
 * The same voxels in a cubic box of another size, centre voxel floor(n/2) on centre voxel: cut off at its borders, or
 * surrounded by zeros.
 */
export function windowed(volume: Volume, boxSize: number): Volume {
  const offset = volume.shape.map((n) => Math.floor(n / 2) - Math.floor(boxSize / 2)),
    [nz, ny, nx] = volume.shape;
  const data = new Float32Array(boxSize ** 3);
  for (let z = 0; z < boxSize; z++) {
    for (let y = 0; y < boxSize; y++) {
      const fromZ = z + offset[0]!,
        fromY = y + offset[1]!;
      if (fromZ < 0 || fromZ >= nz || fromY < 0 || fromY >= ny) continue;
      const first = Math.max(0, -offset[2]!),
        last = Math.min(boxSize, nx - offset[2]!),
        row = (fromZ * ny + fromY) * nx + offset[2]!;
      if (last > first) data.set(volume.data.subarray(row + first, row + last), (z * boxSize + y) * boxSize + first);
    }
  }
  return onNewGrid(volume, boxSize, volume.pixelSizeAngstrom, data);
}

/** A cubic map whose centre voxel lies where that of `volume` lay. */
function onNewGrid(volume: Volume, boxSize: number, pixelSizeAngstrom: number, data: Float32Array): Volume {
  const [nz, ny, nx] = volume.shape;
  const origin = (i: 0 | 1 | 2, n: number) =>
    volume.originAngstrom[i] +
    Math.floor(n / 2) * volume.pixelSizeAngstrom -
    Math.floor(boxSize / 2) * pixelSizeAngstrom;
  return {
    data,
    shape: [boxSize, boxSize, boxSize],
    pixelSizeAngstrom,
    originAngstrom: [origin(0, nx), origin(1, ny), origin(2, nz)],
  };
}

interface Block {
  re: Float64Array;
  im: Float64Array;
  shape: [number, number, number];
}

/** Replaces one axis of samples by the transform at signed frequencies k / edge, in FFT order of length boxSize. */
function transformAxis(block: Block, axis: 0 | 1 | 2, pixel: number, boxSize: number, edge: number): Block {
  const n = block.shape[axis];
  const inner = block.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const outer = block.shape.slice(0, axis).reduce((a, b) => a * b, 1);
  const shape: [number, number, number] = [...block.shape];
  shape[axis] = boxSize;
  const re = new Float64Array(outer * boxSize * inner);
  const im = new Float64Array(re.length);
  const { cosine, sine } = phaseTable(n, pixel, boxSize, edge);
  for (let o = 0; o < outer; o++) {
    for (let k = 0; k < boxSize; k++) {
      const to = (o * boxSize + k) * inner;
      for (let x = 0; x < n; x++) {
        const c = cosine[k * n + x],
          s = sine[k * n + x];
        if (c === 0 && s === 0) continue;
        const from = (o * n + x) * inner;
        for (let i = 0; i < inner; i++) {
          const a = block.re[from + i],
            b = block.im[from + i];
          re[to + i]! += a! * c! - b! * s!;
          im[to + i]! += a! * s! + b! * c!;
        }
      }
    }
  }
  return { re, im, shape };
}

/** exp(-2 pi i q x) for frequency k (rows) and sample x (columns); zero for what is left out on either side. */
function phaseTable(
  n: number,
  pixel: number,
  boxSize: number,
  edge: number,
): { cosine: Float64Array; sine: Float64Array } {
  const cosine = new Float64Array(boxSize * n);
  const sine = new Float64Array(boxSize * n);
  for (let k = 0; k < boxSize; k++) {
    const frequency = signedFrequency(k, boxSize) / edge;
    // Neither Nyquist frequency is kept: there only one coefficient of a Friedel pair exists.
    if (Math.abs(frequency) * pixel >= 0.5 - 1e-9 || 2 * k === boxSize) continue;
    for (let x = 0; x < n; x++) {
      const distance = (x - Math.floor(n / 2)) * pixel;
      if (2 * distance < -edge - 1e-6 || 2 * distance >= edge - 1e-6) continue; // outside the new box
      cosine[k * n + x] = Math.cos(2 * Math.PI * frequency * distance);
      sine[k * n + x] = -Math.sin(2 * Math.PI * frequency * distance);
    }
  }
  return { cosine, sine };
}
