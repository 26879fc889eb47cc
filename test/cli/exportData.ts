/** Runs and particles that an export is tried on, made of those that are there. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { python } from "../io/helpers.ts";

/** A run folder again, with other images and options. */
export function otherRun(run: string, folder: string, options: object, inverted: boolean): void {
  cpSync(run, folder, { recursive: true });
  const config = JSON.parse(readFileSync(join(run, "config.json"), "utf8")) as { used: object };
  writeFileSync(
    join(folder, "config.json"),
    JSON.stringify({ ...config, ...options, used: { ...config.used, invertContrast: inverted } }),
  );
}

/** data/particles.star of a folder again, beside it, with a stack whose images are a · image + b. @returns its path */
export function otherSet(
  folder: string,
  { star, stack, pixelSizeAngstrom }: { star: string; stack: string; pixelSizeAngstrom: number },
  a: number,
  b: number,
): string {
  python(
    `import sys, mrcfile
m = mrcfile.new(sys.argv[2])
m.set_data((float(sys.argv[3]) * mrcfile.read(sys.argv[1]) + float(sys.argv[4])).astype("f4"))
m.set_image_stack(); m.voxel_size = float(sys.argv[5]); m.close()`,
    join(folder, "data/particles.mrcs"),
    join(folder, stack),
    ...[a, b, pixelSizeAngstrom].map(String),
  );
  const text = readFileSync(join(folder, "data/particles.star"), "utf8");
  writeFileSync(join(folder, star), text.replaceAll("@particles.mrcs", `@${stack}`));
  return join(folder, star);
}
