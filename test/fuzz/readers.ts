/**
 * What is held against hostile input: every reader of files, with files as they should be, and what may never come out
 * of it: nonsense that looks like a value.
 */
import type { Files } from "../../src/base/files.ts";
import type { ParticleSet, Volume } from "../../src/base/types.ts";
import { type Atoms, readAtoms } from "../../src/io/atoms.ts";
import { readDefocusTable } from "../../src/io/defocusTable.ts";
import { readMask } from "../../src/io/maskFile.ts";
import { openStack, readMap, readStoredMap } from "../../src/io/mrc.ts";
import { openParticleImages, readParticles } from "../../src/io/particles.ts";
import { readCheckpoint } from "../../src/reconstruct/folder/checkpoint.ts";
import { parseConfig, readConfig } from "../../src/reconstruct/folder/config.ts";
import { readRunFolder } from "../../src/reconstruct/folder/runFolder.ts";
import { readViews } from "../../src/reconstruct/run/views.ts";
import { runSections } from "../../src/report/sections.ts";
import { memoryFile, memoryFiles } from "./memory.ts";
import * as seeds from "./seeds.ts";

export interface Reader {
  name: string;
  /** How the file is called, as the extension tells readers apart. */
  file: string;
  /** Files as they should be. */
  seeds: readonly Uint8Array[];
  /**
   * Reads the bytes as that file and does with them what every command does.
   * @returns what is wrong with the value, in words; nothing where it is sound
   * @throws InputError where the bytes are no such file
   */
  read(bytes: Uint8Array): Promise<string | undefined>;
}

export const folder = "/f";
const at = (name: string): string => `${folder}/${name}`;

const reader = (
  name: string,
  file: string,
  files: readonly Uint8Array[],
  read: (bytes: Uint8Array, path: string) => Promise<string | undefined>,
): Reader => ({ name, file, seeds: files, read: (bytes) => read(bytes, at(file)) });

const seedsOf = {
  "events.jsonl": seeds.events,
  "fsc.json": seeds.fscs,
  "spectra.json": seeds.spectra,
  "examples.json": seeds.examples,
};

export const readers: readonly Reader[] = [
  reader("particles, STAR", "x.star", seeds.particleStars, particles),
  reader("particles, .cs", "x.cs", seeds.particleCs, particles),
  reader("group file, .csg", "x.csg", seeds.groupFiles, particles),
  reader("particles to leave out", "left.star", seeds.leftOut, async (bytes, path) => {
    const files = memoryFiles({ [path]: bytes, [at("x.star")]: seeds.particleStars[0]!, [at("a.mrcs")]: seeds.stack });
    return setNonsense(await readParticles(files, at("x.star"), { exclude: path }), seeds.particleStars[0]!);
  }),
  reader("MRC map", "x.mrc", seeds.maps, async (bytes, path) =>
    mapNonsense(await readMap(memoryFile(path, bytes)), bytes),
  ),
  reader("MRC map as it is", "x.mrc", seeds.maps, async (bytes, path) => {
    const { data, shape } = await readStoredMap(memoryFile(path, bytes));
    if (data.length !== shape[0] * shape[1] * shape[2] || data.length > bytes.length) return `shape ${shape.join()}`;
    return undefined;
  }),
  reader("MRC stack", "x.mrcs", seeds.stacks, async (bytes, path) => {
    const stack = await openStack(memoryFile(path, bytes));
    const { count, width, height } = stack;
    if (count < 1 || count * width * height > bytes.length) return `${count} images of ${width} x ${height}`;
    await stack.read([count - 1, 0], new Float32Array(2 * width * height));
    await stack.close();
    return undefined;
  }),
  reader("mask", "x.mrc", seeds.masks, async (bytes, path) => {
    const mask = await readMask(memoryFile(path, bytes));
    const wrong = mask.data.find((v) => !(v >= 0 && v <= 1));
    return wrong === undefined ? mapNonsense(mask, bytes) : `a value of ${wrong}`;
  }),
  reader("atoms, PDB", "x.pdb", seeds.pdbs, async (bytes, path) => atomsNonsense(await atomsOf(bytes, path))),
  reader("atoms, mmCIF", "x.cif", seeds.mmcifs, async (bytes, path) => atomsNonsense(await atomsOf(bytes, path))),
  reader("defocus table", "x.csv", seeds.defocusTables, async (bytes, path) => {
    const table = await readDefocusTable(memoryFile(path, bytes));
    const sound = (x: number): boolean => Math.abs(x) >= 100 && Math.abs(x) <= 100_000;
    const wrong = table.find(
      ({ defocusUAngstrom: u, defocusVAngstrom: v, astigmatismAngle: a }) =>
        !(sound(u) && sound(v) && Number.isFinite(a)),
    );
    return wrong && `a row of ${Object.values(wrong).join()}`;
  }),
  reader("table of views", "views.star", seeds.viewTables, async (bytes, path) => {
    const views = await readViews(memoryFile(path, bytes));
    if (views.kind !== "table") return views.kind;
    const wrong = views.views.find(({ rot, tilt }) => !Number.isFinite(rot + tilt));
    return wrong && `a view of ${wrong.rot}, ${wrong.tilt}`;
  }),
  reader("checkpoint", "checkpoint.bin", seeds.checkpoints, async (bytes, path) => {
    const found = await readCheckpoint(memoryFile(path, bytes));
    return Buffer.compare(bytes, seeds.checkpoints[0]!) === 0 || found === undefined
      ? undefined
      : "bytes that were not written are taken for a checkpoint";
  }),
  reader("config.json", "config.json", seeds.configs, async (bytes, path) => {
    const { asked, maskRadius } = parseConfig(folder, await readConfig(memoryFile(path, bytes)));
    if (!(maskRadius > 0 && maskRadius <= 0.5)) return `a mask of ${maskRadius}`;
    return typeof asked.particlesFile === "string" ? undefined : `particles ${String(asked.particlesFile)}`;
  }),
  ...(["events.jsonl", "fsc.json", "spectra.json", "examples.json"] as const).map((file) =>
    reader(`${file}, for the report`, file, seedsOf[file], async (bytes) => {
      const { body } = runSections(await readRunFolder(runFiles(file, bytes), folder));
      return body.includes("undefined") ? "the report says undefined" : undefined;
    }),
  ),
];

function runFiles(file: string, bytes: Uint8Array): Files {
  return memoryFiles({ [folder]: new Uint8Array(), [at("config.json")]: seeds.configs[0]!, [at(file)]: bytes });
}

async function particles(bytes: Uint8Array, path: string): Promise<string | undefined> {
  const files = memoryFiles({ [path]: bytes, [at("a.mrcs")]: seeds.stack });
  const set = await readParticles(files, path);
  const nonsense = setNonsense(set, bytes);
  if (nonsense !== undefined) return nonsense;
  const images = await openParticleImages(files, set);
  const pixels = new Float32Array(set.boxSize ** 2);
  await images.read([set.count - 1], pixels);
  await images.close();
  return pixels.every(Number.isFinite) ? undefined : "a pixel that is no number";
}

function setNonsense(set: ParticleSet, bytes: Uint8Array): string | undefined {
  const { count, boxSize, pixelSizeAngstrom, optics, poses, randomSubset, stacks, opticsGroupNames } = set;
  if (!(count >= 1 && count <= bytes.length)) return `${count} particles`;
  if (!(Number.isInteger(boxSize) && boxSize >= 8 && boxSize <= 4096)) return `a box of ${boxSize}`;
  if (!(pixelSizeAngstrom >= 0.1 && pixelSizeAngstrom <= 100)) return `a pixel size of ${pixelSizeAngstrom}`;
  const columns = { ...optics, ...poses };
  for (const [name, values] of Object.entries(columns))
    if (values.length !== count || !values.every(Number.isFinite)) return `${name} that is no number`;
  const indices = (values: Int32Array, end: number): boolean =>
    values.length === count && values.every((i) => i >= 0 && i < end);
  if (!indices(set.imageIndex, 2 ** 31)) return "an image number that cannot be";
  if (!indices(set.stackIndex, stacks.length)) return "a stack that is not there";
  if (!indices(set.opticsGroup, opticsGroupNames.length)) return "an optics group that is not there";
  if (randomSubset && !(randomSubset.length === count && randomSubset.every((half) => half === 1 || half === 2)))
    return "a half-set that is neither 1 nor 2";
  if (set.warnings?.some((warning) => !warning.includes(folder))) return "a warning that names no file";
  return undefined;
}

function mapNonsense(
  { data, shape, pixelSizeAngstrom, originAngstrom }: Volume,
  bytes: Uint8Array,
): string | undefined {
  if (data.length !== shape[0] * shape[1] * shape[2] || data.length > bytes.length) return `a shape of ${shape.join()}`;
  if (!(pixelSizeAngstrom >= 0.1 && pixelSizeAngstrom <= 100)) return `a pixel size of ${pixelSizeAngstrom}`;
  if (!originAngstrom.every(Number.isFinite)) return `an origin of ${originAngstrom.join()}`;
  return data.every(Number.isFinite) ? undefined : "a voxel that is no number";
}

const atomsOf = (bytes: Uint8Array, path: string): Promise<Atoms> => readAtoms(memoryFile(path, bytes));

function atomsNonsense({ count, x, y, z, element, bFactorAngstrom2, occupancy }: Atoms): string | undefined {
  if (count < 1 || element.length !== count) return `${count} atoms`;
  for (const values of [x, y, z, bFactorAngstrom2, occupancy])
    if (values.length !== count || !values.every(Number.isFinite)) return "an atom with a value that is no number";
  if (!bFactorAngstrom2.every((b) => b >= 0)) return "a negative B-factor";
  return occupancy.every((share) => share >= 0 && share <= 1) ? undefined : "an occupancy that cannot be";
}
