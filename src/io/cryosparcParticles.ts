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
  commonValue,
  distinctMicrographs,
  distinctStacks,
  groupByOptics,
  rowsOfGroups,
  stackPaths,
} from "./particleChecks.ts";

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
    astigmatismAngle: required("ctf/df_angle_rad"),
    phaseShift: optional("ctf/phase_shift_rad"),
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
    },
    where,
  );

  const pixelSizeAngstrom =
    options.pixelSizeAngstrom ??
    commonValue(
      required("blob/psize_A"),
      "blob/psize_A",
      "Å",
      where,
      "rescale the images to one pixel size, " +
        "select optics groups (--optics-groups), or give the pixel size to use for all",
    );
  const names = table.fields.get("blob/path")?.values;
  if (!isStrings(names)) throw missing(path, options.passthrough, "blob/path");
  // A leading ">" marks a path inside the project, as cryoSPARC writes it for linked imports.
  const inProject = (name: string) => name.replace(/^>/, "");
  const found = distinctStacks(count, (i) => inProject(names[i]!));
  const stacks = await stackPaths(files, found.names, path, options.projectRoot);
  const imageIndex = Int32Array.from(required("blob/idx"));
  const boxSizes = options.boxSize === undefined ? squareBoxes(table, where) : undefined;
  const boxSize =
    options.boxSize ??
    (boxSizes === undefined
      ? await boxSizeOfStack(files.at(stacks[0]!), where(0))
      : commonValue(boxSizes, "the box size", "px", where, "all images need one box size"));
  const micrographPaths = table.fields.get("location/micrograph_path")?.values;
  return {
    count,
    source: path,
    stacks,
    stackIndex: found.stackIndex,
    imageIndex,
    boxSize,
    pixelSizeAngstrom,
    optics,
    ...groupByOptics(optics, exposureGroups(table)),
    uid: particleUids(table),
    micrographs: isStrings(micrographPaths)
      ? distinctMicrographs(count, (i) => inProject(micrographPaths[i]!))
      : undefined,
    poses: readPoses(table, pixelSizeAngstrom, where),
    randomSubset: readSplit(table, where),
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
 * A numeric field with `length` values per row. @throws InputError naming the row of a value that is NaN or infinite.
 */
function numbers(table: CsTable, name: string, length: number, where: Where): Float64Array | undefined {
  const field = table.fields.get(name);
  if (field === undefined || isStrings(field.values) || field.values.length !== table.count * length) return undefined;
  const values = Float64Array.from(field.values as ArrayLike<number | bigint>, Number);
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0)
    throw new InputError(`${where(Math.floor(wrong / length))}: ${name} is ${values[wrong]}, which is not a number`);
  return values;
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
  const shifts = numbers(table, "alignments3D/shift", 2, where) ?? new Float64Array(2 * count);
  const pixelSizes =
    numbers(table, "alignments3D/psize_A", 1, where) ?? new Float64Array(count).fill(pixelSizeAngstrom);
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

/** Half-sets: 0 and 1 in cryoSPARC, 1 and 2 in RELION. Jobs that make none leave all particles in set 0. */
function readSplit(table: CsTable, where: Where): Int32Array | undefined {
  const splits = numbers(table, "alignments3D/split", 1, where);
  const halves =
    splits &&
    Int32Array.from(splits, (split, i) => {
      if (split !== 0 && split !== 1)
        throw new InputError(`${where(i)}: alignments3D/split is ${split}; it must be 0 or 1`);
      return split + 1;
    });
  return halves?.includes(2) ? halves : undefined;
}
