import type { Volume } from "../../src/base/types.ts";
import type { Matrix3 } from "../../src/physics/rotations.ts";
import { createStream } from "../../src/runtime/random.ts";

/**
 * Gaussians whose density is known everywhere, so that rotated, mirrored and resampled maps can be computed exactly.
 */
export interface Blob {
  centreAngstrom: [number, number, number];
  sigmaAngstrom: number;
  height: number;
}

/** An asymmetric random molecule within `radiusAngstrom` of the origin. */
export function randomBlobs(seed: number, count: number, radiusAngstrom: number, sigmaAngstrom: number): Blob[] {
  const stream = createStream(seed, "test blobs");
  return Array.from({ length: count }, () => {
    let centre: [number, number, number];
    do centre = [0, 0, 0].map(() => (2 * stream.uniform() - 1) * radiusAngstrom) as [number, number, number];
    while (Math.hypot(...centre) > radiusAngstrom);
    return {
      centreAngstrom: centre,
      sigmaAngstrom: sigmaAngstrom * (0.8 + 0.4 * stream.uniform()),
      height: 0.5 + stream.uniform(),
    };
  });
}

/** The density at the voxels, the origin at voxel floor(n/2). */
export function densityOf(blobs: Blob[], boxSize: number, pixelSizeAngstrom: number): Volume {
  const data = new Float32Array(boxSize ** 3);
  const centre = Math.floor(boxSize / 2);
  for (const { centreAngstrom, sigmaAngstrom, height } of blobs) {
    const alongAxis = (c: number) =>
      Float64Array.from({ length: boxSize }, (_, i) =>
        Math.exp(-(((i - centre) * pixelSizeAngstrom - c) ** 2) / (2 * sigmaAngstrom ** 2)),
      );
    const [lineX, lineY, lineZ] = [
      alongAxis(centreAngstrom[0]),
      alongAxis(centreAngstrom[1]),
      alongAxis(centreAngstrom[2]),
    ];
    let i = 0;
    for (let z = 0; z < boxSize; z++)
      for (let y = 0; y < boxSize; y++) {
        const factor = height * lineZ[z]! * lineY[y]!;
        for (let x = 0; x < boxSize; x++) data[i++]! += factor * lineX[x]!;
      }
  }
  return { data, shape: [boxSize, boxSize, boxSize], pixelSizeAngstrom, originAngstrom: [0, 0, 0] };
}

/** x -> R mirror(x) + shift, applied to the centres; the mirror negates x. */
export function moveBlobs(blobs: Blob[], rotation: Matrix3, shift: readonly number[], mirrored: boolean): Blob[] {
  return blobs.map((blob) => {
    const [x0, y, z] = blob.centreAngstrom;
    const x = mirrored ? -x0 : x0;
    const row = (i: number) => rotation[3 * i]! * x + rotation[3 * i + 1]! * y + rotation[3 * i + 2]! * z + shift[i]!;
    return { ...blob, centreAngstrom: [row(0), row(1), row(2)] };
  });
}

/** Adds white Gaussian noise. */
export function withNoise(volume: Volume, sigma: number, seed: number): Volume {
  const stream = createStream(seed, "test noise");
  return { ...volume, data: volume.data.map((v) => v + sigma * stream.normal()) };
}
