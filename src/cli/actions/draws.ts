/** Random views and optics, as `simulate` and `project` are asked for them. */

import type { Optics } from "../../base/types.ts";
import { readDefocusTable } from "../../io/defocusTable.ts";
import { disk } from "../../io/disk.ts";
import { tabulatedDefocus, uniformDefocus } from "../../physics/simulate.ts";
import { samplePoses } from "../../physics/viewing.ts";
import { createStream } from "../../runtime/random.ts";
import type { OpticsOptions } from "../options/optics.ts";
import type { ViewDistribution } from "../options/views.ts";

/** Poses [count, 3, 3]. A von Mises-Fisher distribution has its peak on the z axis. */
export function drawPoses(views: ViewDistribution, count: number, seed: number): Float32Array {
  const stream = createStream(seed, "poses");
  if (views.kind === "uniform") return samplePoses({ kind: "uniform" }, count, stream);
  return samplePoses({ kind: "peaks", peaks: [{ direction: [0, 0, 1], kappa: views.kappa }] }, count, stream);
}

/** @throws InputError when the table of defocus cannot be used */
export async function drawOptics(options: OpticsOptions, count: number, seed: number): Promise<Optics> {
  const { defocus, ...microscope } = options;
  return defocus.kind === "table"
    ? tabulatedDefocus(count, await readDefocusTable(disk.at(defocus.path)), microscope, seed)
    : uniformDefocus(count, [defocus.minimumAngstrom, defocus.maximumAngstrom], microscope, seed);
}
