/**
 * input.json: what a run began with besides its options. A run that goes on must find the same: its checkpoint knows
 * particles by their place in the list alone, and means nothing with other images.
 */
import { z } from "zod";
import { InputError } from "../../base/errors.ts";
import type { DataFile, Files } from "../../base/files.ts";
import { shellCommand } from "../../base/shellCommand.ts";
import type { ParticleSet } from "../../base/types.ts";
import { crc32 } from "../../io/crc32.ts";
import { readText, withFile, writeFileAtomic } from "../../io/files.ts";
import type { Device } from "../../runtime/device.ts";
import { deviceNames } from "../../runtime/deviceNames.ts";
import type { ReconstructOptions } from "../options.ts";

const inputSchema = z.object({
  device: z.enum(deviceNames).exclude(["auto"]),
  particles: z.number(),
  boxSize: z.number(),
  pixelSizeAngstrom: z.number(),
  /** Checksums, in hexadecimal: which images these are, in their order; their optics and the sign of their contrast. */
  images: z.string(),
  optics: z.string(),
  /** Whether the images are taken as their negatives; absent in runs of versions that did so only when asked. */
  inverted: z.boolean().optional(),
  /** Diameter of the particle as the images show it, Å; absent where it fills its box, or is given. */
  diameterAngstrom: z.number().positive().optional(),
  /**
   * Standard deviation along each axis by which particles lie off the centres of their boxes, as the images show it, Å;
   * absent where they do not tell, or it is given.
   */
  shiftSigmaAngstrom: z.number().positive().optional(),
  /** Of the half-sets, where they were asked for and the file names them. */
  halfSets: z.string().optional(),
  /** Stacks, in the order of the list, and what else is read; `modified` is when they were last written, if known. */
  files: z.array(z.object({ path: z.string(), bytes: z.number(), modified: z.iso.datetime().optional() })),
});
export type RunInput = z.output<typeof inputSchema>;

/** @param set the particles before any are drawn from them or they are halved */
export async function describeInput(
  files: Files,
  set: ParticleSet,
  {
    halfMaps,
    mask,
    viewsFile,
    start,
    noiseBank,
  }: Pick<ReconstructOptions, "halfMaps" | "mask" | "viewsFile" | "start" | "noiseBank">,
  device: Pick<Device, "name">,
): Promise<RunInput> {
  const read = [...set.stacks, ...[mask, viewsFile, start, noiseBank].filter((path) => path !== undefined)];
  const described: RunInput["files"] = [];
  for (const path of read)
    described.push(
      await withFile(files.at(path), async ({ size, modified }) => ({
        path,
        bytes: size,
        ...(modified === undefined ? {} : { modified: new Date(Math.round(modified)).toISOString() }),
      })),
    );
  return {
    device: device.name,
    particles: set.count,
    boxSize: set.boxSize,
    pixelSizeAngstrom: set.pixelSizeAngstrom,
    images: checksum(set.stackIndex, set.imageIndex),
    optics: checksum(
      ...Object.values(set.optics).filter((values) => values !== undefined),
      ...(set.sign ? [set.sign] : []),
    ),
    ...(halfMaps && set.randomSubset ? { halfSets: checksum(set.randomSubset) } : {}),
    files: described,
  };
}

const checksum = (...columns: readonly (Int8Array | Int32Array | Float64Array)[]): string =>
  columns
    .map(({ buffer, byteOffset, byteLength }) => crc32(new Uint8Array(buffer, byteOffset, byteLength)))
    .map((sum) => sum.toString(16).padStart(8, "0"))
    .join("");

export const writeInput = (file: DataFile, input: RunInput): Promise<void> =>
  writeFileAtomic(file, JSON.stringify(input, null, 2));

/** @throws {InputError} where it cannot be read or is not whole */
export async function readInput(file: DataFile): Promise<RunInput> {
  try {
    return inputSchema.parse(JSON.parse(await readText(file)));
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${file.path} is not what this version of cryogan writes`);
  }
}

/** What differs from what the run began with, and what to do, in one line; undefined where nothing does. */
export function inputDifference(before: RunInput, now: RunInput): string | undefined {
  const another = anotherList(before, now);
  if (another !== undefined)
    return `the run began with ${another}; give the particles it began with, or start anew with --overwrite`;
  for (const [i, file] of before.files.entries()) {
    const found = now.files[i];
    const same = found && file.bytes === found.bytes && sameTime(file, found);
    if (!same) return changedFile(file, found ?? { path: file.path, bytes: 0 });
  }
  return undefined;
}

function anotherList(before: RunInput, now: RunInput): string | undefined {
  if (before.particles !== now.particles) return `${before.particles} particles, now there are ${now.particles}`;
  if (before.boxSize !== now.boxSize) return `images of ${before.boxSize} px, now they have ${now.boxSize} px`;
  if (before.pixelSizeAngstrom !== now.pixelSizeAngstrom)
    return `a pixel size of ${before.pixelSizeAngstrom} Å, now it is ${now.pixelSizeAngstrom} Å`;
  if (before.images !== now.images) return "other images, or with them in another order";
  if (before.optics !== now.optics) return "other CTF parameters or signs of contrast";
  return before.halfSets === now.halfSets ? undefined : "other half-sets (rlnRandomSubset)";
}

type InputFile = RunInput["files"][number];

/** To the millisecond, as programs that copy times round them; nothing can be said where a time is not known. */
const sameTime = (before: InputFile, now: InputFile): boolean =>
  before.modified === undefined ||
  now.modified === undefined ||
  Math.abs(Date.parse(before.modified) - Date.parse(now.modified)) <= 1;

function changedFile(before: InputFile, now: InputFile): string {
  const words = ({ bytes, modified }: InputFile) => `${bytes} bytes${modified === undefined ? "" : ` of ${modified}`}`;
  const advice =
    before.bytes === now.bytes
      ? ` (if only its time is another: ${shellCommand(["touch", "-d", before.modified!, now.path])})`
      : "";
  return (
    `${now.path} is another file than when the run began (${words(before)}, now ${words(now)}); ` +
    `put the one it began with back${advice}, or start anew with --overwrite`
  );
}
