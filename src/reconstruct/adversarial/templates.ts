/** The likelihood-ratio critic's templates as images, for people to look at. */

import { angularSamples } from "../../critic/harmonics.ts";
import type { PolarGrid } from "../../physics/frequencies.ts";
import type { Device } from "../../runtime/device.ts";
import { compile } from "../../runtime/session.ts";
import * as op from "../../tensor/ops.ts";
import { constant, input } from "../../tensor/tensor.ts";
import type { RunTemplates } from "../stage.ts";

/**
 * What the critic takes the projections of the real particles to look like: its templates of real images, before the
 * CTF, in an image plane of 2·maxRadius pixels. Their mean is zero, as the critic does not see the zero frequency;
 * in-plane turn and hand are arbitrary.
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
  return {
    boxSize: n,
    images: Array.from({ length: count }, (_, i) =>
      Array.from(drawn.subarray(i * n * n, (i + 1) * n * n), (v) => Number(v.toPrecision(4))),
    ),
  };
}
