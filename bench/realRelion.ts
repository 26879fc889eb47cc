/** RELION's auto-refine of the real particles, from the known structure low-passed: what it makes of a given start. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { refinementScript } from "../src/cli/relionScript.ts";
import { installRelion } from "./installRelion.ts";

export interface RelionMaps {
  map: string;
  halves: [string, string];
  seconds: number;
}

/** Diameter of the particle, Å, and the radius in pixels beyond which RELION takes images for background. */
const diameterAngstrom = 150;

/** A leader and two workers on two cores: the leader waits. In a container, the user is often root. */
const openMpi = {
  OMPI_MCA_rmaps_base_oversubscribe: "1",
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
};

/**
 * `relion_preprocess` makes density bright and the background's deviation 1, as RELION wants it, before the clock
 * starts. Then what `cryogan export --relion` writes: RELION 3.1's Refine3D job with its defaults.
 *
 * @param data   folder with particles.star, particles.mrcs (density dark) and reference.mrc
 * @param folder to work in
 */
export function refineWithRelion(
  data: string,
  folder: string,
  { startAngstrom, pixelSizeAngstrom, seed }: { startAngstrom: number; pixelSizeAngstrom: number; seed: number },
): RelionMaps {
  installRelion();
  mkdirSync(folder, { recursive: true });
  const at = (name: string): string => join(folder, name);
  symlinkSync(resolve(data, "particles.mrcs"), at("dark.mrcs"));
  const radius = String(Math.round(diameterAngstrom / 2 / pixelSizeAngstrom));
  const operate = ["--operate_on", "dark.mrcs", "--operate_out", "particles.mrcs", "--invert_contrast"];
  execFileSync("relion_preprocess", [...operate, "--norm", "--bg_radius", radius], { cwd: folder, stdio: "ignore" });
  // Its images are named particles.mrcs, as they are here.
  writeFileSync(at("particles.star"), readFileSync(join(data, "particles.star")));
  copyFileSync(join(data, "reference.mrc"), at("reference.mrc"));
  const script = refinementScript({
    startFolder: ".",
    particles: "particles.star",
    reference: "reference.mrc",
    out: "refine/run",
    lowPassAngstrom: startAngstrom,
    particleDiameterAngstrom: diameterAngstrom,
    symmetry: "O",
    phaseFlipped: false,
  });
  writeFileSync(at("relion_refine.sh"), script, { mode: 0o755 });
  const start = performance.now();
  execFileSync("bash", ["relion_refine.sh", "--random_seed", String(seed)], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, ...openMpi },
  });
  return {
    map: at("refine/run_class001.mrc"),
    halves: [at("refine/run_half1_class001_unfil.mrc"), at("refine/run_half2_class001_unfil.mrc")],
    seconds: (performance.now() - start) / 1000,
  };
}
