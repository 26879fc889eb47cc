/**
 * Whether a run may begin, or go on, in a folder: nothing that is there is lost, and a run goes on with the options it
 * began with.
 */
import { readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { InputError } from "../../base/errors.ts";
import { exists, fileError } from "../../io/files.ts";
import type { ReconstructOptions } from "../options.ts";
import { checkpointBefore } from "./checkpoint.ts";

const checkpoints = ["checkpoint.bin", "checkpoint-half1.bin", "checkpoint-half2.bin"].flatMap((name) => [
  name,
  checkpointBefore(name),
]);
/** What an earlier run may have left that a new one does not replace at once. */
const results = [
  ...checkpoints,
  "map.mrc",
  "half1.mrc",
  "half2.mrc",
  "half2_unaligned.mrc",
  "aligned.mrc",
  "fsc.json",
  "fsc.xml",
  "evaluation.json",
  "examples.json",
  "templates.json",
  "directions.json",
  "spectra.json",
  "report.html",
];

/** Options on which the numbers of a run depend, as the command line names them. */
const decisive = {
  particles: "particle file",
  symmetry: "--symmetry",
  seed: "--seed",
  halfMaps: "--half-maps",
  particleLimit: "--particles",
  maximumBoxSize: "--box",
  resolutionAngstrom: "--resolution",
  timeLimitSeconds: "--time-limit",
  stagesAsked: "--stages",
  maskDiameterAngstrom: "--mask-diameter",
  mask: "--mask",
  opticsGroups: "--optics-groups",
  exclude: "--exclude",
  invertContrast: "--invert-contrast",
  ctfPhaseFlipped: "--ctf-phase-flipped",
  positivity: "--positivity",
  maximumShiftAngstrom: "--max-shift",
  viewsFile: "--views-file",
  critic: "--critic",
  loss: "--loss",
} as const;

/** The part of config.json that says what was asked for. */
export type AskedOptions = Omit<ReconstructOptions, "stages"> & { stagesAsked?: ReconstructOptions["stages"] };

/** Options as config.json keeps them: paths absolute, and the stages asked for apart from those of the schedule. */
export function askedOptions({ stages, ...options }: ReconstructOptions): AskedOptions {
  const absolute = (path: string | undefined): string | undefined => path && resolve(path);
  const { particles, mask, exclude, viewsFile, projectRoot, passthrough } = options;
  return {
    ...options,
    particles: resolve(particles),
    mask: absolute(mask),
    exclude: absolute(exclude),
    viewsFile: absolute(viewsFile),
    projectRoot: absolute(projectRoot),
    passthrough: absolute(passthrough),
    stagesAsked: stages,
  };
}

/**
 * @throws {InputError} if the folder holds a run and the options neither go on with it nor replace it, or go on with
 * another
 */
export async function checkFolder(options: ReconstructOptions): Promise<void> {
  if (options.overwrite) return;
  const holdsRun = (await Promise.all(checkpoints.map((name) => exists(join(options.out, name))))).includes(true);
  if (!options.resume && holdsRun)
    throw new InputError(
      `${options.out} holds a run: go on with it by --resume, replace it by --overwrite, or give another folder`,
    );
  if (options.resume && holdsRun) await checkSameOptions(options);
}

async function checkSameOptions(options: ReconstructOptions): Promise<void> {
  const path = join(options.out, "config.json");
  let before: Partial<AskedOptions>;
  try {
    before = JSON.parse(await readFile(path, "utf8")) as Partial<AskedOptions>;
  } catch (error) {
    throw new InputError(
      `${path} cannot be read, so that it is not known what to go on with (${(error as Error).message}); ` +
        "start anew with --overwrite",
    );
  }
  const now = JSON.parse(JSON.stringify(askedOptions(options))) as Partial<AskedOptions>;
  for (const [key, name] of Object.entries(decisive) as [keyof typeof decisive, string][]) {
    if (JSON.stringify(before[key]) === JSON.stringify(now[key])) continue;
    const text = (value: unknown): string =>
      value === undefined ? "not given" : typeof value === "object" ? JSON.stringify(value) : String(value);
    throw new InputError(
      `${options.out}: the run began with another ${name} (${text(before[key])}, now ${text(now[key])}); ` +
        "give the options it began with, or start anew with --overwrite",
    );
  }
}

/** Removes what an earlier run left, so that nothing of it is taken for this one's. */
export async function clearFolder(folder: string): Promise<void> {
  for (const name of results) {
    const path = join(folder, name);
    await rm(path, { force: true }).catch((error: unknown) => {
      throw fileError("write", path, error);
    });
  }
}
