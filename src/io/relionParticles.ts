/** Particle STAR files of RELION 3.0, 3.1 and 5 (https://relion.readthedocs.io, "Conventions"). */
import { InputError } from "../base/errors.ts";
import type { Files } from "../base/files.ts";
import type { Optics, ParticleSet, Poses } from "../base/types.ts";
import { decimal } from "../base/values.ts";
import { readText } from "./files.ts";
import type { OpticsGroup, ReadOptions, Where } from "./particleChecks.ts";
import {
  boxSizeOfStack,
  checkOptics,
  checkSize,
  commonBoxSize,
  commonPixelSize,
  distinctMicrographs,
  distinctStacks,
  groupByOptics,
  imageNumber,
  largest,
  mergeStacks,
  mostClasses,
  readIfSound,
  rowsOfGroups,
  stackPaths,
  wholeNumbers,
} from "./particleChecks.ts";
import type { StarBlock } from "./star.ts";
import { columnIndex, onlyBlock, parseStar } from "./star.ts";
import { unusedAberrations } from "./starAberrations.ts";

const DEGREE = Math.PI / 180;

/** @throws InputError naming file, row and column of whatever cannot be read or cannot be. */
export async function readRelionParticles(files: Files, path: string, options: ReadOptions): Promise<ParticleSet> {
  const blocks = parseStar(await readText(files.at(path)), path);
  const block = particleBlock(blocks, path);
  const opticsBlock = onlyBlock(blocks, ({ name }) => name === "optics", path);
  const everything = table(block, path);
  if (everything.count === 0) throw new InputError(`${path} lists no particles`);
  const optics = opticsBlock === undefined ? undefined : table(opticsBlock, path);
  const particles =
    options.opticsGroups === undefined
      ? everything
      : table(
          block,
          path,
          rowsOfGroups(
            options.opticsGroups,
            everything.count,
            opticsGroups(optics, optics && opticsRows(everything, optics)),
            path,
          ),
        );
  const { count, where } = particles;
  const groupRow = optics && opticsRows(particles, optics);
  const groupRows = new Set(groupRow);
  const warnings: string[] = [];
  /** A column of the particle table or, where that has none, of the optics table, one value per particle. */
  const column = (label: string): Float64Array | undefined => {
    const own = particles.numbers(label);
    if (own !== undefined) return own;
    const ofGroups = optics?.numbers(label, groupRows);
    return ofGroups && Float64Array.from(groupRow!, (row) => ofGroups[row]!);
  };
  const required = (label: string): Float64Array => {
    const values = column(label);
    if (values === undefined)
      throw new InputError(`${path} has no column _${label}, which the CTF needs; add it to the file`);
    return values;
  };
  const optional = (label: string) => column(label) ?? new Float64Array(count);

  const images = imageNames(particles);
  const set: Optics = {
    defocusUAngstrom: required("rlnDefocusU"),
    defocusVAngstrom: required("rlnDefocusV"),
    astigmatismAngle: radians(optional("rlnDefocusAngle"), "_rlnDefocusAngle", where),
    phaseShift: radians(optional("rlnPhaseShift"), "_rlnPhaseShift", where),
    voltageKv: required("rlnVoltage"),
    sphericalAberrationMm: required("rlnSphericalAberration"),
    amplitudeContrast: required("rlnAmplitudeContrast"),
    bFactorAngstrom2: optional("rlnCtfBfactor"),
  };
  const flipped = column("rlnCtfDataArePhaseFlipped");
  if (flipped?.some((x) => x !== 0)) set.phaseFlipped = flipped.map((x) => Number(x !== 0));
  checkOptics(
    set,
    {
      defocusUAngstrom: "_rlnDefocusU",
      defocusVAngstrom: "_rlnDefocusV",
      voltageKv: "_rlnVoltage",
      sphericalAberrationMm: "_rlnSphericalAberration",
      amplitudeContrast: "_rlnAmplitudeContrast",
      bFactorAngstrom2: "_rlnCtfBfactor",
    },
    where,
  );
  if (column("rlnDefocusAngle") === undefined) refuseUnknownAstigmatism(set, where);
  refuse(
    column("rlnImageDimensionality"),
    (x) => x !== 2,
    where,
    "the image is not two-dimensional; only single-particle images can be used",
  );
  refuse(
    column("rlnCtfDataAreCtfPremultiplied"),
    (x) => x !== 0,
    where,
    "the image is premultiplied by its CTF; extract the particles without that option",
  );

  const pixelSizeAngstrom =
    options.pixelSizeAngstrom ?? commonPixelSize(pixelSizes(column, path), "the pixel size", where);
  const { stacks, stackIndex } = mergeStacks(
    await stackPaths(files, images.names, path, options.projectRoot),
    images.stackIndex,
  );
  const boxSizes = options.boxSize === undefined ? column("rlnImageSize") : undefined;
  const boxSize =
    options.boxSize ??
    (boxSizes === undefined
      ? await boxSizeOfStack(files.at(stacks[0]!), where(0))
      : commonBoxSize(boxSizes, "the box size", where));

  // Groups are micrographs, or a few of them together.
  const micrographName = particles.column("rlnMicrographName") ?? particles.column("rlnGroupName");
  return {
    count,
    source: path,
    stacks,
    stackIndex,
    imageIndex: images.imageIndex,
    boxSize,
    pixelSizeAngstrom,
    optics: set,
    ...groupByOptics(set, opticsGroups(optics, groupRow)),
    micrographs: micrographName && distinctMicrographs(count, micrographName),
    poses: readIfSound("poses", options.needs, warnings, () => readPoses(particles, pixelSizeAngstrom)),
    classNumber: readIfSound("classes", options.needs, warnings, () => readClasses(particles)),
    randomSubset: readIfSound("halfSets", options.needs, warnings, () => readRandomSubset(particles)),
    warnings: [
      ...warnings,
      ...unusedAberrations(path, (label) => {
        const own = particles.anyColumn(label);
        if (own !== undefined) return { count, text: own };
        const ofGroups = optics?.anyColumn(label),
          rows = [...groupRows];
        return ofGroups && { count: rows.length, text: (i) => ofGroups(rows[i]!) };
      }),
    ],
    where,
  };
}

/** A block with its columns found by label. */
interface Table {
  file: string;
  count: number;
  where: Where;
  /** The text of a column, by row. @throws InputError where it stands twice. */
  column(label: string): ((row: number) => string) | undefined;
  /** The same, of the first where it stands twice. */
  anyColumn(label: string): ((row: number) => string) | undefined;
  /**
   * @param used rows that anybody needs, by default all; the values of others are NaN.
   * @throws InputError naming the row of the first value that is no finite number.
   */
  numbers(label: string, used?: ReadonlySet<number>): Float64Array | undefined;
}

/** @param rows of the block that make the table: all, unless they are given */
function table(
  block: StarBlock,
  file: string,
  rows: Int32Array = Int32Array.from({ length: block.rowCount }, (_, row) => row),
): Table {
  const suffix = block.name === "optics" ? " of data_optics" : "";
  const where = rowNamer(
    file,
    rows,
    rows.map((row) => block.line(row)),
    suffix,
  );
  const at = (index: number | undefined) =>
    index === undefined ? undefined : (row: number) => block.value(rows[row]!, index);
  const column = (label: string) => at(columnIndex(block, label, file));
  return {
    file,
    count: rows.length,
    where,
    column,
    anyColumn: (label) => at(block.columns.includes(label) ? block.columns.indexOf(label) : undefined),
    numbers(label, used) {
      const text = column(label);
      if (text === undefined) return undefined;
      return Float64Array.from({ length: rows.length }, (_, row) => {
        if (used !== undefined && !used.has(row)) return NaN;
        const value = text(row).trim();
        const number = decimal(value);
        if (Number.isNaN(number)) throw new InputError(`${where(row)}: _${label} is "${value}", which is not a number`);
        return number;
      });
    },
  };
}

/** Made apart from the table, so that a ParticleSet does not keep the file's text. */
function rowNamer(file: string, rows: Int32Array, lines: Int32Array, suffix: string): Where {
  return (row) => `${file}: row ${rows[row]! + 1} (line ${lines[row]})${suffix}`;
}

/** data_particles (3.1 and later), else the first table with image names (data_images, data_ in 3.0). */
function particleBlock(blocks: StarBlock[], file: string): StarBlock {
  const block = onlyBlock(blocks, (b) => b.name === "particles" || b.columns.includes("rlnImageName"), file);
  if (block === undefined || !block.columns.includes("rlnImageName")) {
    throw new InputError(`${file} has no column _rlnImageName; a STAR file of extracted particles is needed`);
  }
  return block;
}

/** The optics group of each particle, from the row that describes it; without a table of them all are in group 1. */
function opticsGroups(optics: Table | undefined, groupRow: Int32Array | undefined): (particle: number) => OpticsGroup {
  const numbers = optics?.numbers("rlnOpticsGroup"),
    names = optics?.column("rlnOpticsGroupName");
  return (particle) => {
    const row = groupRow === undefined ? 0 : groupRow[particle]!;
    return { number: numbers?.[row] ?? row + 1, name: names?.(row) ?? `opticsGroup${row + 1}` };
  };
}

/** For each particle the row of its optics group. */
function opticsRows(particles: Table, optics: Table): Int32Array {
  const numbers = optics.numbers("rlnOpticsGroup") ?? Float64Array.from({ length: optics.count }, (_, row) => row + 1);
  const rowOf = new Map<number, number>();
  numbers.forEach((number, row) => {
    const earlier = rowOf.get(number);
    if (earlier !== undefined)
      throw new InputError(
        `${optics.where(row)} describes optics group ${number} again, as row ${earlier + 1} does; ` +
          "give each its own number",
      );
    rowOf.set(number, row);
  });
  const groups = particles.numbers("rlnOpticsGroup");
  if (groups === undefined) {
    if (optics.count === 1) return new Int32Array(particles.count);
    throw new InputError(`${particles.file} has no column _rlnOpticsGroup, but ${optics.count} optics groups`);
  }
  return Int32Array.from(groups, (group, i) => {
    const row = rowOf.get(group);
    if (row === undefined)
      throw new InputError(`${particles.where(i)} names optics group ${group}, which data_optics does not list`);
    return row;
  });
}

/** Splits "000001@stack.mrcs"; image numbers count from 1 in the file, from 0 in the result. */
function imageNames(particles: Table): { names: string[]; stackIndex: Int32Array; imageIndex: Int32Array } {
  const text = particles.column("rlnImageName")!;
  const imageIndex = new Int32Array(particles.count);
  const stacks = distinctStacks(particles.count, (i) => {
    const value = text(i);
    const at = value.indexOf("@");
    const number = imageNumber(value.slice(0, Math.max(0, at)));
    if (number === undefined || at === value.length - 1) {
      throw new InputError(`${particles.where(i)}: _rlnImageName is "${value}"; it must be like 000001@stack.mrcs`);
    }
    imageIndex[i] = number - 1;
    return value.slice(at + 1);
  });
  return { ...stacks, imageIndex };
}

/** 3.1: rlnImagePixelSize. 3.0: detector pixel (µm) over magnification. */
function pixelSizes(column: (label: string) => Float64Array | undefined, file: string): Float64Array {
  const direct = column("rlnImagePixelSize") ?? column("rlnPixelSize");
  if (direct !== undefined) return direct;
  const detector = column("rlnDetectorPixelSize");
  const magnification = column("rlnMagnification");
  if (detector === undefined || magnification === undefined) {
    throw new InputError(
      `${file} has no column _rlnImagePixelSize, nor _rlnDetectorPixelSize with _rlnMagnification; ` +
        "give the pixel size (--pixel-size)",
    );
  }
  return detector.map((micrometres, i) => (micrometres / magnification[i]!) * 1e4);
}

/** Euler angles, with origins in Å (3.1) or pixels (3.0); nothing unless all three angles are there. */
function readPoses(particles: Table, pixelSizeAngstrom: number): Poses | undefined {
  const { where } = particles;
  const [rot, tilt, psi] = ["Rot", "Tilt", "Psi"].map((angle) => {
    const label = `rlnAngle${angle}`,
      degrees = particles.numbers(label);
    return degrees && radians(degrees, `_${label}`, where);
  });
  if (rot === undefined || tilt === undefined || psi === undefined) return undefined;
  const origin = (axis: "X" | "Y") => {
    const read = (label: string): Float64Array | undefined => {
      const values = particles.numbers(label);
      return values && checkSize(values, `_${label}`, largest.origin, where);
    };
    return (
      read(`rlnOrigin${axis}Angst`) ??
      scaled(read(`rlnOrigin${axis}`) ?? new Float64Array(particles.count), pixelSizeAngstrom)
    );
  };
  return {
    rot,
    tilt,
    psi,
    originXAngstrom: origin("X"),
    originYAngstrom: origin("Y"),
  };
}

function readClasses(particles: Table): Int32Array | undefined {
  const classes = particles.numbers("rlnClassNumber");
  return classes && wholeNumbers(classes, "_rlnClassNumber", [0, mostClasses], particles.where);
}

/** Half-sets. A file in which all particles have one value, whichever, was never divided. */
function readRandomSubset(particles: Table): Int32Array | undefined {
  const subsets = particles.numbers("rlnRandomSubset");
  if (subsets?.every((x) => x === subsets[0])) return undefined;
  refuse(subsets, (x) => x !== 1 && x !== 2, particles.where, "_rlnRandomSubset must be 1 or 2");
  return subsets && Int32Array.from(subsets);
}

function refuseUnknownAstigmatism(optics: Optics, where: Where): void {
  const row = optics.defocusUAngstrom.findIndex((u, i) => u !== optics.defocusVAngstrom[i]);
  if (row >= 0)
    throw new InputError(
      `${where(row)} has different defocus U and V, but the file has no column _rlnDefocusAngle; add it`,
    );
}

function refuse(
  values: Float64Array | undefined,
  wrong: (value: number) => boolean,
  where: Where,
  message: string,
): void {
  const row = values?.findIndex(wrong) ?? -1;
  if (row >= 0) throw new InputError(`${where(row)}: ${message}`);
}

function radians(degrees: Float64Array, label: string, where: Where): Float64Array {
  return scaled(checkSize(degrees, label, largest.degrees, where), DEGREE);
}

function scaled(values: Float64Array, factor: number): Float64Array {
  return values.map((value) => value * factor);
}
