/** The images of a case, made where they are not there yet. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cases } from "./cases.ts";
import { writeMixture } from "./mixture.ts";

export interface MixtureData {
  folder: string;
  particles: string;
  /** Structures from this number on are junk. */
  junkFrom: number | undefined;
  /** Of a molecule that moves: where each structure is on its way. */
  course: readonly number[] | undefined;
}

/** @param share of the particles that the case has in full */
export async function ensureMixture(folder: string, name: string, share: string): Promise<MixtureData> {
  const data = join(folder, `${name}-${share}`),
    particles = join(data, "particles.star"),
    { mixture, junkFrom, course } = cases[name]!;
  if (!existsSync(particles)) await writeMixture(data, { ...(await mixture(Number(share))), seed: 1 });
  return { folder: data, particles, junkFrom, course };
}
