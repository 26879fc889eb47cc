/** Images of a map by RELION's own simulator, `relion_project`, in place of this program's. */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Optics, Poses, Volume } from "../../src/base/types.ts";
import { disk } from "../../src/io/disk.ts";
import { openStack, writeMap } from "../../src/io/mrc.ts";
import { particlesOfStack, writeParticlesStar } from "../../src/io/particles.ts";
import { installRelion } from "../installRelion.ts";

/**
 * @param poses  of each image, RELION's angles and origins
 * @param optics of each image
 * @returns images without noise, one after another
 */
export async function relionImages(volume: Volume, poses: Poses, optics: Optics): Promise<Float32Array> {
  installRelion();
  const folder = await mkdtemp(join(tmpdir(), "cryogan-relion-project-")),
    { pixelSizeAngstrom } = volume;
  try {
    await writeMap(disk.at(join(folder, "map.mrc")), volume);
    // The stack need not be there: its name alone stands in the file.
    const set = particlesOfStack(join(folder, "none.mrcs"), {
      boxSize: volume.shape[2],
      pixelSizeAngstrom,
      optics,
      poses,
    });
    await writeParticlesStar(disk.at(join(folder, "views.star")), set, { poses: true });
    const views = ["--ang", "views.star", "--ctf", "--angpix", String(pixelSizeAngstrom)];
    execFileSync("relion_project", ["--i", "map.mrc", ...views, "--o", "images"], { cwd: folder, stdio: "ignore" });
    const stack = await openStack(disk.at(join(folder, "images.mrcs"))),
      images = new Float32Array(stack.count * stack.width * stack.height);
    await stack.read(
      Int32Array.from({ length: stack.count }, (_, i) => i),
      images,
    );
    await stack.close();
    return images;
  } finally {
    await rm(folder, { recursive: true });
  }
}
