/** A small data set for tests of whole runs: 2,000 images of 24 px of a made-up, asymmetric molecule. */

import { join } from "node:path";
import { vi } from "vitest";
import { simulate } from "../../src/cli/actions/simulate.ts";
import { parseSimulateOptions } from "../../src/cli/options/simulate.ts";
import { disk } from "../../src/io/disk.ts";
import { writeMap } from "../../src/io/mrc.ts";
import { densityOf, randomBlobs } from "../evaluate/blobs.ts";

export const boxSize = 24;
export const pixelSizeAngstrom = 6;

/** Makes the set in `folder`. @returns the path of particles.star; particles.mrcs and truth.mrc are beside it */
export async function smallParticleSet(folder: string, particles = 2000): Promise<string> {
  const model = join(folder, "model.mrc");
  await writeMap(
    disk.at(model),
    densityOf(
      randomBlobs(3, 8, 0.12 * boxSize * pixelSizeAngstrom, 1.5 * pixelSizeAngstrom),
      boxSize,
      pixelSizeAngstrom,
    ),
  );
  const silent = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    await simulate(parseSimulateOptions({ model, out: folder, particles, box: boxSize, snr: 1, device: "cpu" }));
  } finally {
    silent.mockRestore();
  }
  return join(folder, "particles.star");
}
