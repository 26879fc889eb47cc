/** The simulated data sets of the benches, and how far a map made from them is right. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { simulate } from "../src/cli/actions/simulate.ts";
import { parseSimulateOptions } from "../src/cli/options/simulate.ts";
import { evaluateAgainstReference } from "../src/evaluate/evaluate.ts";
import { disk } from "../src/io/disk.ts";
import type { Evidence } from "../src/reconstruct/verdict/verdict.ts";

/** Options of `simulate`, but for the folder. */
export interface Simulated extends Record<string, unknown> {
  box: number;
  particles: number;
  /** Signal-to-noise power ratio over all pixels of the images. */
  snr: number;
}

const file = (name: string): string => new URL(`../data/${name}`, import.meta.url).pathname;

/** The 70S ribosome in a box of 325 Å, centred, white noise. */
export const ribosome = (box: number, particles: number, snr: number): Simulated => ({
  model: file("ribosome-70s-65.mrc"),
  mapPixelSize: 5,
  box,
  particles,
  snr,
  defocusRange: "1,2.5",
});

/** β-galactosidase in a box of 64 px of 3.8 Å, centred, white noise, with measured defoci. */
export const betagal = (particles: number, snr: number): Simulated => ({
  model: file("5a1a.cif.gz"),
  particles,
  box: 64,
  pixelSize: 3.8,
  snr,
  symmetricFrame: true,
  defocusTable: file("betagal-defocus.csv"),
  voltage: 300,
  cs: 2.7,
  amplitudeContrast: 0.07,
});

/** Makes the images in a folder where they are not there yet. */
export async function ensureSimulated(
  folder: string,
  simulated: Simulated,
): Promise<{ particles: string; truth: string }> {
  if (!existsSync(join(folder, "particles.star")))
    await simulate(parseSimulateOptions({ ...simulated, out: folder, device: "cpu", json: false }));
  return { particles: join(folder, "particles.star"), truth: join(folder, "truth.mrc") };
}

/** FSC of shells 1, 2, … of a map with the truth, unmasked, rotation, shift and hand searched for. */
export async function fscWithTruth(
  map: Parameters<typeof evaluateAgainstReference>[0],
  truth: string,
): Promise<number[]> {
  const { report } = await evaluateAgainstReference(map, disk.at(truth), { mask: "none" });
  return report.fsc.fsc;
}

/** A map is right if its mean FSC with the truth is at least 0.5 in the finer half of the shells worked at. */
export function isRight(fsc: readonly number[], { boxAngstrom, finestAngstrom }: Evidence): boolean {
  const finestShell = Math.round(boxAngstrom / finestAngstrom),
    finer = fsc.slice(finestShell >> 1, finestShell);
  return finer.reduce((sum, v) => sum + v, 0) / finer.length >= 0.5;
}
