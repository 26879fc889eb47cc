/** Writing particles as RELION 3.1 and later read them: an optics table and a particle table. */
import { basename, dirname, extname, relative, resolve } from "pathe";
import { InputError } from "../base/errors.ts";
import type { DataFile } from "../base/files.ts";
import type { ParticleSet } from "../base/types.ts";
import { writeFileAtomic } from "./files.ts";
import { writeStar } from "./star.ts";

const DEGREES = 180 / Math.PI;

export interface ParticlesStarOptions {
  /** Write Euler angles and origins, which the set must then have. */
  poses?: boolean;
  /** Folder that names of stacks below it start from, by default that of the file; null: all names are absolute. */
  stackNamesFrom?: string | null;
  /** Further columns, by label: a value for each particle. */
  columns?: Readonly<Record<string, ArrayLike<number>>>;
}

/**
 * Writes `set` as a STAR file; stacks elsewhere than below the folder that names start from are named by their absolute
 * path.
 * @throws InputError when the file cannot be written, or images differ in the sign of their contrast.
 */
export async function writeParticlesStar(
  file: DataFile,
  set: ParticleSet,
  { poses = false, stackNamesFrom = dirname(file.path), columns = {} }: ParticlesStarOptions = {},
): Promise<void> {
  refuseMixedContrast(set);
  const optics = { name: "optics", ...opticsTable(set) };
  const stackNames =
    stackNamesFrom === null ? set.stacks : set.stacks.map((stack) => nameFrom(resolve(stackNamesFrom), stack));
  const particles = { name: "particles", ...particleTable(set, stackNames, poses, columns) };
  await writeFileAtomic(file, writeStar([optics, particles]));
}

/** @throws InputError naming the first image whose contrast is the reverse of others: a STAR file cannot tell. */
export function refuseMixedContrast(set: ParticleSet): void {
  const reversed = set.sign?.indexOf(-1) ?? -1;
  if (reversed >= 0)
    throw new InputError(
      `${set.where(reversed)}: blob/sign differs from that of row 1, and a STAR file has no column for it; ` +
        "bring the images to one sign first, or reconstruct from the .cs file",
    );
}

function opticsTable(set: ParticleSet): { columns: string[]; rows: string[][] } {
  const columns = [
    "rlnOpticsGroup",
    "rlnOpticsGroupName",
    "rlnVoltage",
    "rlnSphericalAberration",
    "rlnAmplitudeContrast",
    "rlnImagePixelSize",
    "rlnImageSize",
    "rlnImageDimensionality",
  ];
  const firstOf = new Map<number, number>();
  set.opticsGroup.forEach((group, i) => {
    if (!firstOf.has(group)) firstOf.set(group, i);
  });
  for (const key of ["voltageKv", "sphericalAberrationMm", "amplitudeContrast"] as const) {
    const values = set.optics[key];
    const odd = set.opticsGroup.findIndex((group, i) => values[i] !== values[firstOf.get(group)!]);
    if (odd >= 0)
      throw new Error(`particles of optics group ${set.opticsGroupNames[set.opticsGroup[odd]!]} differ in ${key}`);
  }
  const rows = [...firstOf]
    .sort(([a], [b]) => a - b)
    .map(([group, i]) => [
      String(group + 1),
      set.opticsGroupNames[group]!,
      fixed(set.optics.voltageKv[i]!),
      fixed(set.optics.sphericalAberrationMm[i]!),
      fixed(set.optics.amplitudeContrast[i]!),
      fixed(set.pixelSizeAngstrom),
      String(set.boxSize),
      "2",
    ]);
  return { columns, rows };
}

function nameFrom(folder: string, stack: string): string {
  const name = relative(folder, stack);
  return name.startsWith("..") ? stack : name;
}

function particleTable(
  set: ParticleSet,
  stackNames: readonly string[],
  withPoses: boolean,
  further: Readonly<Record<string, ArrayLike<number>>>,
): { columns: string[]; rows: Iterable<string[]> } {
  const { optics, poses, randomSubset } = set;
  if (withPoses && poses === undefined) throw new Error(`${set.source} has no poses to write`);
  const { names, index } = set.micrographs ?? {
    names: stackNames.map((name) => `${basename(name, extname(name))}.mrc`),
    index: set.stackIndex,
  };

  const columns: [label: string, value: (particle: number) => string][] = [
    ["rlnImageName", (i) => `${String(set.imageIndex[i]! + 1).padStart(6, "0")}@${stackNames[set.stackIndex[i]!]}`],
    ["rlnMicrographName", (i) => names[index[i]!]!],
    ["rlnOpticsGroup", (i) => String(set.opticsGroup[i]! + 1)],
    ["rlnDefocusU", (i) => fixed(optics.defocusUAngstrom[i]!)],
    ["rlnDefocusV", (i) => fixed(optics.defocusVAngstrom[i]!)],
    ["rlnDefocusAngle", (i) => fixed(optics.astigmatismAngle[i]! * DEGREES)],
  ];
  const anyNonZero = (values: Float64Array) => values.some((value) => value !== 0);
  if (anyNonZero(optics.phaseShift)) columns.push(["rlnPhaseShift", (i) => fixed(optics.phaseShift[i]! * DEGREES)]);
  if (anyNonZero(optics.bFactorAngstrom2)) columns.push(["rlnCtfBfactor", (i) => fixed(optics.bFactorAngstrom2[i]!)]);
  if (withPoses && poses !== undefined) {
    columns.push(
      ["rlnAngleRot", (i) => fixed(poses.rot[i]! * DEGREES)],
      ["rlnAngleTilt", (i) => fixed(poses.tilt[i]! * DEGREES)],
      ["rlnAnglePsi", (i) => fixed(poses.psi[i]! * DEGREES)],
      ["rlnOriginXAngst", (i) => fixed(poses.originXAngstrom[i]!)],
      ["rlnOriginYAngst", (i) => fixed(poses.originYAngstrom[i]!)],
    );
  }
  const { classNumber } = set;
  if (classNumber !== undefined) columns.push(["rlnClassNumber", (i) => String(classNumber[i])]);
  for (const [label, values] of Object.entries(further)) columns.push([label, (i) => fixed(values[i]!)]);
  if (randomSubset !== undefined) columns.push(["rlnRandomSubset", (i) => String(randomSubset[i])]);

  function* rows() {
    for (let i = 0; i < set.count; i++) yield columns.map(([, value]) => value(i));
  }
  return { columns: columns.map(([label]) => label), rows: rows() };
}

function fixed(value: number): string {
  return value.toFixed(6);
}
