/**
 * What the STAR and the .cs reader have in common: finding stacks, grouping by optics, and refusing values that cannot
 * be.
 */
import { dirname, isAbsolute, join, resolve } from "pathe";
import { InputError } from "../base/errors.ts";
import type { DataFile, Files } from "../base/files.ts";
import type { Optics } from "../base/types.ts";
import { largestBox } from "../base/values.ts";
import { openStack } from "./mrc.ts";
import { isPixelSize, pixelSizeRange } from "./pixelSize.ts";
import { detached } from "./star.ts";

/** Columns that not every use of a file needs. */
const optionalNames = { poses: "angles", halfSets: "half-sets", classes: "classes" };
type Optional = keyof typeof optionalNames;

export interface ReadOptions {
  /** Folder that the stack names are relative to; tried before the particle file's folder and those above it. */
  projectRoot?: string;
  /** cryoSPARC: the passthrough .cs file with the fields that the particle file lacks. */
  passthrough?: string;
  /** Used instead of the file's pixel size. */
  pixelSizeAngstrom?: number;
  /** Used instead of the file's box size. */
  boxSize?: number;
  /** Only particles of these optics groups, each by its number in the file or by its name. */
  opticsGroups?: readonly string[];
  /** Only particles of these classes, by their numbers in the file. */
  classes?: readonly number[];
  /** A STAR or .cs file that lists particles to leave out. */
  exclude?: string;
  /** The phases of all images were flipped: their transfer function is |CTF|. */
  ctfPhaseFlipped?: boolean;
  /** What the reader cannot do without. A fault in the columns of the other is a warning, and they are left out. */
  needs?: readonly Optional[];
}

/** Row `particle` (from 0) as messages name it. */
export type Where = (particle: number) => string;

/** Distinct stacks in order of appearance, and which of them each particle's image is in. */
export function distinctStacks(
  count: number,
  nameOf: (particle: number) => string,
): { names: string[]; stackIndex: Int32Array } {
  const indexOf = new Map<string, number>();
  const stackIndex = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const name = nameOf(i);
    let index = indexOf.get(name);
    if (index === undefined) indexOf.set(detached(name), (index = indexOf.size));
    stackIndex[i] = index;
  }
  return { names: [...indexOf.keys()], stackIndex };
}

/** Distinct micrographs in order of appearance, and which of them each particle is from. */
export function distinctMicrographs(
  count: number,
  nameOf: (particle: number) => string,
): { names: string[]; index: Int32Array } {
  const { names, stackIndex } = distinctStacks(count, nameOf);
  return { names, index: stackIndex };
}

/**
 * Absolute path of a stack: under projectRoot, the particle file's folder or a folder above it (RELION and cryoSPARC
 * name stacks relative to the project), whichever holds it first; under the first of these when none does.
 */
export async function stackPath(files: Files, name: string, source: string, projectRoot?: string): Promise<string> {
  if (isAbsolute(name)) return name;
  const folders = projectRoot === undefined ? [] : [resolve(projectRoot)];
  for (let folder = dirname(resolve(source)); ; folder = dirname(folder)) {
    folders.push(folder);
    if (folder === dirname(folder)) break;
  }
  for (const folder of folders) if (await files.at(join(folder, name)).exists()) return join(folder, name);
  return join(folders[0]!, name);
}

/** Of all stacks of a particle file; see {@link stackPath}. */
export const stackPaths = (
  files: Files,
  names: readonly string[],
  source: string,
  projectRoot?: string,
): Promise<string[]> => Promise.all(names.map((name) => stackPath(files, name, source, projectRoot)));

/** The stacks' paths without repetition: names that differ can mean one file. */
export function mergeStacks(
  paths: readonly string[],
  stackIndex: Int32Array,
): { stacks: string[]; stackIndex: Int32Array } {
  const indexOf = new Map<string, number>();
  const place = paths.map((path) => {
    if (!indexOf.has(path)) indexOf.set(path, indexOf.size);
    return indexOf.get(path)!;
  });
  return { stacks: [...indexOf.keys()], stackIndex: stackIndex.map((index) => place[index]!) };
}

/**
 * What `read` returns; nothing where the columns have a fault that nobody is troubled by, which is told.
 * @throws InputError for a fault in what is needed.
 */
export function readIfSound<T>(
  what: Optional,
  needs: ReadOptions["needs"],
  warnings: string[],
  read: () => T | undefined,
): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InputError) || needs?.includes(what)) throw error;
    warnings.push(`${error.message}; the ${optionalNames[what]} of this file are left out`);
    return undefined;
  }
}

/** @throws InputError naming the first that is no whole number within these limits. */
export function wholeNumbers(
  values: Float64Array,
  what: string,
  [least, most]: readonly [number, number],
  where: Where,
): Int32Array {
  const wrong = values.findIndex((value) => !(Number.isInteger(value) && value >= least && value <= most));
  if (wrong >= 0)
    throw new InputError(
      `${where(wrong)}: ${what} is ${values[wrong]}; it must be a whole number from ${least} to ${most}`,
    );
  return Int32Array.from(values);
}

/** Highest number of a class that a file may name. */
export const mostClasses = 1_000_000;

/** Images in a stack are counted by 32-bit integers. */
export const mostImages = 2 ** 31 - 1;

/** An image's number in a stack, from 1; undefined for what is none, or more than a stack can hold. */
export function imageNumber(text: string): number | undefined {
  const number = /^\d+$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= mostImages ? number : undefined;
}

/** Edge of an image in pixels. */
const boxSizes = [8, largestBox] as const;

/** One pixel size and one box for all particles. @throws InputError naming the first that differs or cannot be. */
export function commonPixelSize(values: Float64Array, what: string, where: Where): number {
  const size = commonValue(
    values,
    what,
    "Å",
    where,
    "rescale the images to one pixel size, select optics groups (--optics-groups), " +
      "or give the pixel size to use for all (--pixel-size)",
  );
  if (!isPixelSize(size))
    throw new InputError(`${where(0)}: ${what} is ${size} Å; ${pixelSizeRange}; give the right one (--pixel-size)`);
  return size;
}

export function commonBoxSize(values: Float64Array, what: string, where: Where): number {
  const box = commonValue(values, what, "px", where, "all images need one box size");
  return wholeNumbers(Float64Array.of(box), what, boxSizes, where)[0]!;
}

/** One line on columns that change the images and are not used, if there are any. */
export function unusedWarning(file: string, columns: readonly (readonly [what: string, column: string])[]): string[] {
  if (columns.length === 0) return [];
  const what = [...new Set(columns.map(([words]) => words))];
  const named = what.map((words) => {
    const names = columns.filter(([other]) => other === words).map(([, column]) => column);
    return `${words} (${names.join(", ")})`;
  });
  return [
    `${file}: not corrected for, and fine detail may suffer: ${named.join("; ")}; ` +
      "refine the map with this file in the program that wrote it",
  ];
}

/** Box size of the first stack, for particle files that do not tell it. */
export async function boxSizeOfStack(file: DataFile, where: string): Promise<number> {
  const { path } = file;
  if (!(await file.exists())) {
    throw new InputError(
      `${where} names ${path}, which does not exist, and the box size is not in the file; ` +
        "give the project folder (--project-root)",
    );
  }
  const stack = await openStack(file);
  await stack.close();
  if (stack.width !== stack.height)
    throw new InputError(`${path} has images of ${stack.width} x ${stack.height} pixels; they must be square`);
  return stack.width;
}

/**
 * The one value that all particles share (to 1 part in 10,000, as files round).
 * @throws InputError naming the first particle that differs.
 */
function commonValue(values: Float64Array, what: string, unit: string, where: Where, advice: string): number {
  const first = values[0]!;
  if (!(first > 0 && Number.isFinite(first)))
    throw new InputError(`${where(0)}: ${what} is ${first} ${unit}; it must be positive`);
  const other = values.findIndex((value) => !(Math.abs(value - first) <= 1e-4 * first));
  if (other >= 0) {
    throw new InputError(
      `${where(other)}: ${what} is ${values[other]} ${unit}, that of row 1 is ${first} ${unit}; ${advice}`,
    );
  }
  return first;
}

/** Columns of a particle file that the checks name in messages. */
export type OpticsLabels = Pick<
  Record<keyof Optics, string>,
  | "defocusUAngstrom"
  | "defocusVAngstrom"
  | "voltageKv"
  | "sphericalAberrationMm"
  | "amplitudeContrast"
  | "bFactorAngstrom2"
>;

/** @throws InputError naming row and column of the first value that no microscope has. */
export function checkOptics(optics: Optics, labels: OpticsLabels, where: Where): void {
  const check = (key: keyof OpticsLabels, possible: (value: number) => boolean, range: string) => {
    const row = optics[key].findIndex((value) => !possible(value));
    if (row >= 0) throw new InputError(`${where(row)}: ${labels[key]} is ${optics[key][row]}; it must be ${range}`);
  };
  const defocus = (x: number) => Math.abs(x) >= 100 && Math.abs(x) <= 100_000;
  check("defocusUAngstrom", defocus, "between 100 and 100000 Å in size");
  check("defocusVAngstrom", defocus, "between 100 and 100000 Å in size");
  check("voltageKv", (x) => x >= 10 && x <= 2000, "between 10 and 2000 kV");
  check("sphericalAberrationMm", (x) => x >= 0 && x <= 100, "between 0 and 100 mm");
  check("amplitudeContrast", (x) => x >= 0 && x <= 1, "between 0 and 1");
  // Sharper ones would leave the range of float32 in fine pixels.
  check("bFactorAngstrom2", (x) => x >= -200 && x <= 10_000, "between -200 and 10000 Å²");
}

/** @throws InputError naming the first that is larger than any angle, or shift, that is meant. */
export function checkSize(values: Float64Array, what: string, most: number, where: Where): Float64Array {
  const row = values.findIndex((value) => !(Math.abs(value) <= most));
  if (row >= 0) throw new InputError(`${where(row)}: ${what} is ${values[row]}; it must be at most ${most} in size`);
  return values;
}

/** Angles go round a few times at most; origins are in Å or pixels. */
export const largest = { degrees: 720, radians: 4 * Math.PI, origin: 100_000 } as const;

/** An optics group as its file calls it. */
export interface OpticsGroup {
  number: number;
  name: string;
}

/**
 * Rows of the particles whose optics group was asked for, by number or by name.
 * @throws InputError naming the first that no particle belongs to.
 */
export function rowsOfGroups(
  asked: readonly string[],
  count: number,
  groupOf: (row: number) => OpticsGroup,
  file: string,
): Int32Array {
  const names = new Map<number, string>();
  const groups = Int32Array.from({ length: count }, (_, row) => {
    const { number, name } = groupOf(row);
    names.set(number, name);
    return number;
  });
  const isAsked = (wanted: string, number: number): boolean =>
    wanted === String(number) || wanted === names.get(number);
  for (const wanted of asked) {
    if ([...names.keys()].some((number) => isAsked(wanted, number))) continue;
    const there = [...names]
      .sort(([a], [b]) => a - b)
      .map(([number, name]) => `${number} (${name})`)
      .join(", ");
    throw new InputError(`${file} has no particles of optics group ${wanted}; it has those of ${there}`);
  }
  const chosen = new Set([...names.keys()].filter((number) => asked.some((wanted) => isAsked(wanted, number))));
  return Int32Array.from(groups.keys()).filter((row) => chosen.has(groups[row]!));
}

/**
 * Groups particles of the same group number and name and equal voltage, spherical aberration and amplitude contrast, so
 * that each group is one row of an optics table. A name standing for several groups gets a number appended.
 */
export function groupByOptics(
  optics: Optics,
  groupOf: (particle: number) => OpticsGroup,
): { opticsGroup: Int32Array; opticsGroupNames: string[]; opticsGroupNumbers: number[] } {
  const count = optics.voltageKv.length;
  const indexOf = new Map<string, number>();
  const opticsGroup = new Int32Array(count);
  const names = new Set<string>(),
    last = new Map<string, number>(),
    opticsGroupNumbers: number[] = [];
  for (let i = 0; i < count; i++) {
    const { number, name } = groupOf(i);
    const { voltageKv, sphericalAberrationMm, amplitudeContrast } = optics;
    const key = `${voltageKv[i]} ${sphericalAberrationMm[i]} ${amplitudeContrast[i]} ${number} ${name}`;
    let index = indexOf.get(key);
    if (index === undefined) {
      index = indexOf.size;
      indexOf.set(key, index);
      let unique = name;
      for (let n = last.get(name) ?? 2; names.has(unique); n++) {
        unique = `${name}_${n}`;
        last.set(name, n + 1);
      }
      names.add(unique);
      opticsGroupNumbers.push(number);
    }
    opticsGroup[i] = index;
  }
  return { opticsGroup, opticsGroupNames: [...names], opticsGroupNumbers };
}
