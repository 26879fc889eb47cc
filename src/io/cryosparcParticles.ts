/** Particles of cryoSPARC .cs files (https://guide.cryosparc.com, "Manipulating .cs files"). */
import { InputError } from "../base/errors.ts";
import type { Files } from "../base/files.ts";
import type { Optics, ParticleSet, Poses } from "../base/types.ts";
import type { CsTable } from "./cs.ts";
import { mergePassthrough, particleUids, readCs, selectRows } from "./cs.ts";
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
  largest,
  mergeStacks,
  mostClasses,
  mostImages,
  readIfSound,
  rowsOfGroups,
  stackPaths,
  unusedWarning,
  wholeNumbers,
} from "./particleChecks.ts";
import { isPixelSize, pixelSizeRange } from "./pixelSize.ts";

/** @throws InputError naming file, row and field of whatever cannot be read or cannot be. */
export async function readCryosparcParticles(files: Files, path: string, options: ReadOptions): Promise<ParticleSet> {
  const own = await readCs(files.at(path));
  const everything =
    options.passthrough === undefined ? own : mergePassthrough(own, await readCs(files.at(options.passthrough)));
  if (everything.count === 0) throw new InputError(`${path} lists no particles`);
  const rows =
    options.opticsGroups && rowsOfGroups(options.opticsGroups, everything.count, exposureGroups(everything), path);
  const table = rows === undefined ? everything : selectRows(everything, rows);
  const { count } = table;
  const where: Where = (particle) => `${path}: row ${(rows === undefined ? particle : rows[particle]!) + 1}`;
  const required = (name: string) => {
    const values = numbers(table, name, 1, where);
    if (values === undefined) throw missing(path, options.passthrough, name);
    return values;
  };
  const optional = (name: string) => numbers(table, name, 1, where) ?? new Float64Array(count);

  const optics: Optics = {
    defocusUAngstrom: required("ctf/df1_A"),
    defocusVAngstrom: required("ctf/df2_A"),
    astigmatismAngle: checkSize(required("ctf/df_angle_rad"), "ctf/df_angle_rad", largest.radians, where),
    phaseShift: checkSize(optional("ctf/phase_shift_rad"), "ctf/phase_shift_rad", largest.radians, where),
    voltageKv: required("ctf/accel_kv"),
    sphericalAberrationMm: required("ctf/cs_mm"),
    amplitudeContrast: required("ctf/amp_contrast"),
    bFactorAngstrom2: optional("ctf/bfactor"),
  };
  checkOptics(
    optics,
    {
      defocusUAngstrom: "ctf/df1_A",
      defocusVAngstrom: "ctf/df2_A",
      voltageKv: "ctf/accel_kv",
      sphericalAberrationMm: "ctf/cs_mm",
      amplitudeContrast: "ctf/amp_contrast",
      bFactorAngstrom2: "ctf/bfactor",
    },
    where,
  );

  const pixelSizeAngstrom =
    options.pixelSizeAngstrom ?? commonPixelSize(required("blob/psize_A"), "blob/psize_A", where);
  const names = table.fields.get("blob/path")?.values;
  if (!isStrings(names)) throw missing(path, options.passthrough, "blob/path");
  // A leading ">" marks a path inside the project, as cryoSPARC writes it for linked imports.
  const inProject = (name: string) => name.replace(/^>/, "");
  const found = distinctStacks(count, (i) => inProject(names[i]!));
  const { stacks, stackIndex } = mergeStacks(
    await stackPaths(files, found.names, path, options.projectRoot),
    found.stackIndex,
  );
  const imageIndex = wholeNumbers(required("blob/idx"), "blob/idx", [0, mostImages - 1], where);
  const boxSizes = options.boxSize === undefined ? squareBoxes(table, where) : undefined;
  const boxSize =
    options.boxSize ??
    (boxSizes === undefined
      ? await boxSizeOfStack(files.at(stacks[0]!), where(0))
      : commonBoxSize(boxSizes, "the box size", where));
  const warnings: string[] = [];
  const sign = readSign(table, where, warnings);
  const micrographPaths = table.fields.get("location/micrograph_path")?.values;
  return {
    count,
    source: path,
    stacks,
    stackIndex,
    imageIndex,
    boxSize,
    pixelSizeAngstrom,
    optics,
    ...groupByOptics(optics, exposureGroups(table)),
    uid: particleUids(table),
    micrographs: isStrings(micrographPaths)
      ? distinctMicrographs(count, (i) => inProject(micrographPaths[i]!))
      : undefined,
    poses: readIfSound("poses", options.needs, warnings, () => readPoses(table, pixelSizeAngstrom, where)),
    classNumber: readIfSound("classes", options.needs, warnings, () => {
      const classes = numbers(table, "alignments3D/class", 1, where);
      return classes && wholeNumbers(classes, "alignments3D/class", [0, mostClasses], where);
    }),
    randomSubset: readIfSound("halfSets", options.needs, warnings, () => readSplit(table, where)),
    ...(sign && { sign }),
    warnings: [...warnings, ...unusedAberrations(table, path)],
    where,
  };
}

/** cryoSPARC's exposure groups, which have no names; 0 where the file does not tell. */
function exposureGroups(table: CsTable): (row: number) => OpticsGroup {
  const ids = (table.fields.get("ctf/exp_group_id") ?? table.fields.get("location/exp_group_id"))?.values;
  return (row) => {
    const number = Number(ids?.[row] ?? 0);
    return { number, name: `opticsGroup${number}` };
  };
}

function missing(file: string, passthrough: string | undefined, name: string): InputError {
  if (passthrough === undefined)
    return new InputError(`${file} has no field ${name}; give the passthrough file of the same job`);
  return new InputError(
    `${file} has no field ${name}, nor has its passthrough file ${passthrough}; is it that of the same job?`,
  );
}

function isStrings(values: unknown): values is string[] {
  return Array.isArray(values);
}

/**
 * A numeric field with `length` values per row. @throws InputError when it has others, or naming the row of a value
 * that is NaN or infinite.
 */
function numbers(table: CsTable, name: string, length: number, where: Where): Float64Array | undefined {
  const field = table.fields.get(name);
  if (field === undefined) return undefined;
  if (isStrings(field.values) || field.values.length !== table.count * length)
    throw new InputError(
      `${table.file}: the field ${name} must hold ${length === 1 ? "a number" : `${length} numbers`} for each particle`,
    );
  const values = Float64Array.from(field.values as ArrayLike<number | bigint>, Number);
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0)
    throw new InputError(`${where(Math.floor(wrong / length))}: ${name} is ${values[wrong]}, which is not a number`);
  return values;
}

/**
 * The contrast of each image relative to the first; nothing where all are alike, whatever the sign: `inspect` tells
 * whether density is bright.
 * @throws InputError naming the row of a sign that differs and is neither 1 nor −1.
 */
function readSign(table: CsTable, where: Where, warnings: string[]): Int8Array | undefined {
  const signs = table.fields.get("blob/sign")?.values;
  if (signs === undefined || isStrings(signs) || signs.length !== table.count) return undefined;
  const numbers = Float64Array.from(signs as ArrayLike<number | bigint>, Number);
  const first = numbers[0]!;
  const other = numbers.findIndex((sign) => !Object.is(sign, first));
  if (other < 0) return undefined;
  const wrong = numbers.findIndex((sign) => Math.abs(sign) !== 1);
  if (wrong >= 0)
    throw new InputError(
      `${where(wrong)}: blob/sign is ${numbers[wrong]}, and rows differ in it; it must be 1 or -1 in all`,
    );
  warnings.push(
    `${where(other)}: blob/sign is ${numbers[other]}, that of row 1 is ${first}; ` +
      "images whose sign differs from that of row 1 are multiplied by -1",
  );
  return Int8Array.from(numbers, (sign) => sign * first);
}

/** What a field is about, how many values it has, and whether they change nothing. */
const aberrations: [what: string, field: string, length: number, neutral: (values: number[]) => boolean][] = [
  // cryoSPARC stores the difference from the identity; other programs have written the matrix itself.
  [
    "anisotropic magnification",
    "ctf/anisomag",
    4,
    (m) => isAll(m, 0) || isAll([m[0]! - 1, m[1]!, m[2]!, m[3]! - 1], 0),
  ],
  ["beam tilt", "ctf/tilt_A", 2, (values) => isAll(values, 0)],
  ["image shift", "ctf/shift_A", 2, (values) => isAll(values, 0)],
  ["trefoil", "ctf/trefoil_A", 2, (values) => isAll(values, 0)],
  ["tetrafoil", "ctf/tetra_A", 4, (values) => isAll(values, 0)],
];

const isAll = (values: readonly number[], wanted: number): boolean =>
  values.every((value) => !(Math.abs(value - wanted) > 1e-6));

/** One line where any of them changes the images. Values that are no numbers change nothing. */
function unusedAberrations(table: CsTable, path: string): string[] {
  const changes = (field: string, length: number, neutral: (values: number[]) => boolean): boolean => {
    const values = table.fields.get(field)?.values;
    if (!(values instanceof Float64Array) || values.length !== table.count * length) return false;
    for (let row = 0; row < table.count; row++)
      if (!neutral([...values.subarray(row * length, (row + 1) * length)])) return true;
    return false;
  };
  return unusedWarning(
    path,
    aberrations
      .filter(([, field, length, neutral]) => changes(field, length, neutral))
      .map(([what, field]) => [what, field]),
  );
}

function squareBoxes(table: CsTable, where: Where): Float64Array | undefined {
  const shapes = numbers(table, "blob/shape", 2, where);
  return (
    shapes &&
    Float64Array.from({ length: table.count }, (_, i) => {
      const [height, width] = [shapes[2 * i], shapes[2 * i + 1]];
      if (height !== width)
        throw new InputError(`${where(i)}: the image has ${width} x ${height} pixels; images must be square`);
      return height!;
    })
  );
}

/** alignments3D: rotation vectors and shifts in pixels of alignments3D/psize_A, where the file has them. */
function readPoses(table: CsTable, pixelSizeAngstrom: number, where: Where): Poses | undefined {
  const { count } = table;
  const vectors = numbers(table, "alignments3D/pose", 3, where);
  if (vectors === undefined) return undefined;
  checkSize(vectors, "alignments3D/pose", largest.radians, (i) => where(Math.floor(i / 3)));
  const shifts = numbers(table, "alignments3D/shift", 2, where) ?? new Float64Array(2 * count);
  checkSize(shifts, "alignments3D/shift", largest.origin, (i) => where(Math.floor(i / 2)));
  const pixelSizes =
    numbers(table, "alignments3D/psize_A", 1, where) ?? new Float64Array(count).fill(pixelSizeAngstrom);
  const wrong = pixelSizes.findIndex((size) => !isPixelSize(size));
  if (wrong >= 0)
    throw new InputError(`${where(wrong)}: alignments3D/psize_A is ${pixelSizes[wrong]} Å; ${pixelSizeRange}`);
  const angles = Array.from({ length: count }, (_, i) =>
    eulerAngles(vectors[3 * i]!, vectors[3 * i + 1]!, vectors[3 * i + 2]!),
  );
  return {
    rot: Float64Array.from(angles, ([rot]) => rot),
    tilt: Float64Array.from(angles, ([, tilt]) => tilt),
    psi: Float64Array.from(angles, ([, , psi]) => psi),
    originXAngstrom: pixelSizes.map((size, i) => size * shifts[2 * i]!),
    originYAngstrom: pixelSizes.map((size, i) => size * shifts[2 * i + 1]!),
  };
}

/**
 * RELION's rot, tilt, psi (radians) of a cryoSPARC rotation vector (axis times angle).
 * The rotation matrix of the vector (Rodrigues' formula) is the transpose of RELION's A = Rz(psi) Ry(tilt) Rz(rot), the
 * relation that pyem's csparc2star and cryoDRGN use.
 */
export function eulerAngles(x: number, y: number, z: number): [rot: number, tilt: number, psi: number] {
  const angle = Math.hypot(x, y, z);
  if (angle === 0) return [0, 0, 0];
  const [u, v, w] = [x / angle, y / angle, z / angle];
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  // Elements of RELION's matrix A, row and column from 0.
  const a00 = cos + u * u * (1 - cos);
  const a10 = u * v * (1 - cos) - w * sin;
  const a02 = u * w * (1 - cos) - v * sin;
  const a12 = v * w * (1 - cos) + u * sin;
  const a20 = u * w * (1 - cos) + v * sin;
  const a21 = v * w * (1 - cos) - u * sin;
  const a22 = cos + w * w * (1 - cos);
  const sinTilt = Math.hypot(a20, a21);
  if (sinTilt > 1e-12) return [Math.atan2(a21, a20), Math.atan2(sinTilt, a22), Math.atan2(a12, -a02)];
  // At tilt 0 and 180 degrees only the sum or difference of rot and psi is defined; all of it goes to psi.
  return a22 > 0 ? [0, 0, Math.atan2(-a10, a00)] : [0, Math.PI, Math.atan2(a10, -a00)];
}

/** Half-sets: 0 and 1 in cryoSPARC, 1 and 2 in RELION. Jobs that make none leave all particles in one set. */
function readSplit(table: CsTable, where: Where): Int32Array | undefined {
  const splits = numbers(table, "alignments3D/split", 1, where);
  if (splits === undefined || splits.every((split) => split === splits[0])) return undefined;
  return wholeNumbers(splits, "alignments3D/split", [0, 1], where).map((split) => split + 1);
}
