/** What a critic looks for, as images for people to look at. */

import { angularSamples } from "../../critic/harmonics.ts";
import { scaleComplex } from "../../physics/complex.ts";
import { type PolarGrid, radiusOf, rectangularGrid } from "../../physics/frequencies.ts";
import { imagesInRows } from "../../physics/imageTransform.ts";
import { centralSlices, fourierTables } from "../../physics/project.ts";
import { randomRotation } from "../../physics/rotations.ts";
import { flatten } from "../../physics/viewGrid.ts";
import type { Device } from "../../runtime/device.ts";
import type { RandomStream } from "../../runtime/random.ts";
import { compile } from "../../runtime/session.ts";
import * as op from "../../tensor/ops.ts";
import { constant, input } from "../../tensor/tensor.ts";
import type { RunTemplates } from "../stage.ts";
import { densitiesOf, density, type VolumeModel } from "./volume.ts";

/**
 * What the likelihood-ratio critic takes the projections of the real particles to look like: its templates of real
 * images, before the CTF, in an image plane of 2·maxRadius pixels. Their mean is zero, as the critic does not see the
 * zero frequency; in-plane turn and hand are arbitrary.
 *
 * @param parameters  the critic's `templates`, [orders, 2·templates, 2·radii]; the first half, those of real images,
 *   are drawn
 * @param grid        the critic's
 * @param signalPower power of the projections on shells 0, 1, 2, …: the unit of the parameters
 */
export async function templateImages(
  parameters: Float32Array,
  grid: PolarGrid,
  signalPower: ArrayLike<number>,
  device: Device,
): Promise<RunTemplates> {
  const radii = grid.radii.length,
    n = 2 * radii,
    all = parameters.length / (grid.angles * 2 * radii),
    count = all / 2;
  const templates = input("templates", [grid.angles, all, 2 * radii]);
  // [angles·radii, count]
  const samples = angularSamples(op.transpose(op.slice(templates, 1, 0, count), [0, 2, 1]), grid);
  // The inverse Fourier integral over the half plane, twice its real part; a sample stands for an area of πr/angles.
  const cosine = new Float32Array(n * n * grid.count),
    sine = new Float32Array(n * n * grid.count);
  for (let p = 0; p < n * n; p++) {
    const x = (p % n) - radii,
      y = Math.floor(p / n) - radii;
    if (Math.hypot(x, y) > radii) continue; // circles are sampled too sparsely for the corners, which stay 0
    for (let i = 0; i < grid.count; i++) {
      const r = grid.radii[i % radii]!,
        angle = (2 * Math.PI * (grid.x[i]! * x + grid.y[i]! * y)) / n;
      const weight = (2 / (n * n)) * ((Math.PI * r) / grid.angles) * Math.sqrt(signalPower[r]!);
      cosine[p * grid.count + i] = weight * Math.cos(angle);
      sine[p * grid.count + i] = -weight * Math.sin(angle);
    }
  }
  const shape = [n * n, grid.count];
  const images = op.transpose(
    op.add(op.matmul(constant(cosine, shape), samples.re), op.matmul(constant(sine, shape), samples.im)),
    [1, 0],
  );
  const executable = await compile(
    { name: "template-images", state: {}, feeds: { templates }, outputs: { images } },
    device,
  );
  const drawn = (await executable.run({ templates: parameters })).images!;
  await executable.release();
  return cut(drawn, n);
}

const viewsDrawn = 16;

/**
 * Views from all around of the volume by which a critic tells real particles (volume.ts), before the CTF.
 *
 * @param coefficients of it, [densities·n, n, n]
 * @param model        the simulator's volume, which the critic's is like
 */
export async function volumeImages(
  coefficients: Float32Array,
  model: VolumeModel,
  stream: RandomStream,
  device: Device,
): Promise<RunTemplates> {
  const { n } = model,
    densities = densitiesOf(model),
    classOf = Array.from({ length: densities * viewsDrawn }, (_, i) => Math.floor(i / viewsDrawn)),
    count = classOf.length;
  const u = input("u", [densities * n, n, n]),
    rotations = input("rotations", [count, 3, 3]);
  const grid = rectangularGrid(n),
    slices = centralSlices(fourierTables(density(u, model)), rotations, grid, classOf),
    inside = Float32Array.from(radiusOf(grid), (r) => (r <= n / 2 ? 1 : 0));
  const images = imagesInRows(scaleComplex(slices, constant(inside, [grid.count, 1])), grid);
  const executable = await compile(
    {
      name: "template-views",
      state: {},
      feeds: { u, rotations },
      outputs: { images },
    },
    device,
  );
  const drawn = await executable.run({
    u: coefficients,
    rotations: flatten(classOf.map(() => randomRotation(stream))),
  });
  await executable.release();
  return cut(drawn.images!, n);
}

/** @param images of n×n pixels, one after the other */
const cut = (images: Float32Array, n: number): RunTemplates => ({
  boxSize: n,
  images: Array.from({ length: images.length / n ** 2 }, (_, i) =>
    Array.from(images.subarray(i * n * n, (i + 1) * n * n), (v) => Number(v.toPrecision(4))),
  ),
});
