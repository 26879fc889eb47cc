/**
 * Writing particles as a .cs file of cryoSPARC. Names, types and order of the fields are those of its own jobs; of a
 * group of them (blob, ctf, alignments3D) all are there.
 */
import { InputError } from "../base/errors.ts";
import type { DataFile } from "../base/files.ts";
import type { ParticleSet, Poses } from "../base/types.ts";
import { type CsColumn, writeCs } from "./csWrite.ts";
import { uidsOf } from "./uids.ts";

export interface ParticlesCsOptions {
  /** Names of the set's stacks as the file is to have them; those that begin with > start from the file's folder. */
  stackNames: readonly string[];
  /** Density is dark in images of the sign of row 1. */
  dark?: boolean;
  /** Write rotation vectors and shifts, which the set must then have. */
  poses?: boolean;
  /** Classes of the particles, counted from 1 as in `classNumber`, go with the poses; else all are of one. */
  classes?: boolean;
}

/** @throws InputError when the file cannot be written, or naming the first image whose phases were flipped. */
export async function writeParticlesCs(file: DataFile, set: ParticleSet, options: ParticlesCsOptions): Promise<void> {
  refuseFlippedPhases(set);
  const uids = uidsOf(set);
  await writeCs(file, set.count, [
    { name: "uid", type: "u8", value: (i) => uids[i]! },
    ...imageColumns(set, options),
    ...ctfColumns(set),
    ...(options.poses ? alignmentColumns(set, options.classes ?? false) : []),
  ]);
}

/** The ctf fields have none for it. */
function refuseFlippedPhases({ optics: { phaseFlipped }, where }: ParticleSet): void {
  const flipped = phaseFlipped?.findIndex((value) => value !== 0) ?? -1;
  if (flipped >= 0)
    throw new InputError(
      `${where(flipped)}: the phases of the image were flipped, which a .cs file cannot tell; ` +
        "extract the particles without",
    );
}

const constant = (name: string, value: number, length?: number): CsColumn => ({
  name,
  type: "f4",
  ...(length === undefined ? {} : { length }),
  value: () => value,
});

/** blob/sign is −1 where density is bright, as in images that RELION extracts, 1 where it is dark. */
function imageColumns(set: ParticleSet, { stackNames, dark = false }: ParticlesCsOptions): CsColumn[] {
  const { stackIndex, imageIndex, boxSize, pixelSizeAngstrom, sign } = set;
  return [
    { name: "blob/path", type: "S", value: (i) => stackNames[stackIndex[i]!]! },
    { name: "blob/idx", type: "u4", value: (i) => imageIndex[i]! },
    { name: "blob/shape", type: "u4", length: 2, value: () => boxSize },
    constant("blob/psize_A", pixelSizeAngstrom),
    { name: "blob/sign", type: "f4", value: (i) => (dark ? 1 : -1) * (sign?.[i] ?? 1) },
    { name: "blob/import_sig", type: "u8", value: () => 0n },
  ];
}

function ctfColumns({ optics, opticsGroup, opticsGroupNumbers }: ParticleSet): CsColumn[] {
  const column = (name: string, values: Float64Array): CsColumn => ({ name, type: "f4", value: (i) => values[i]! });
  return [
    { name: "ctf/type", type: "S", value: () => "imported" },
    {
      name: "ctf/exp_group_id",
      type: "u4",
      value: (i) => opticsGroupNumbers?.[opticsGroup[i]!] ?? opticsGroup[i]!,
    },
    column("ctf/accel_kv", optics.voltageKv),
    column("ctf/cs_mm", optics.sphericalAberrationMm),
    column("ctf/amp_contrast", optics.amplitudeContrast),
    column("ctf/df1_A", optics.defocusUAngstrom),
    column("ctf/df2_A", optics.defocusVAngstrom),
    column("ctf/df_angle_rad", optics.astigmatismAngle),
    column("ctf/phase_shift_rad", optics.phaseShift),
    constant("ctf/scale", 1),
    constant("ctf/scale_const", 0),
    constant("ctf/shift_A", 0, 2),
    constant("ctf/tilt_A", 0, 2),
    constant("ctf/trefoil_A", 0, 2),
    constant("ctf/tetra_A", 0, 4),
    constant("ctf/anisomag", 0, 4), // the difference from the identity
    column("ctf/bfactor", optics.bFactorAngstrom2),
  ];
}

/** With neutral values for what nobody has measured: errors and powers 0, scales and probabilities 1. */
function alignmentColumns(set: ParticleSet, classes: boolean): CsColumn[] {
  const { poses, pixelSizeAngstrom, randomSubset, classNumber, source } = set;
  if (poses === undefined) throw new Error(`${source} has no poses to write`);
  const field = (name: string) => `alignments3D/${name}`,
    vectors = rotationVectors(poses);
  return [
    { name: field("split"), type: "u4", value: (i) => (randomSubset?.[i] ?? 1) - 1 },
    {
      name: field("shift"),
      type: "f4",
      length: 2,
      value: (i, axis) => (axis === 0 ? poses.originXAngstrom : poses.originYAngstrom)[i]! / pixelSizeAngstrom,
    },
    { name: field("pose"), type: "f4", length: 3, value: (i, axis) => vectors[3 * i + axis]! },
    constant(field("psize_A"), pixelSizeAngstrom),
    ...["error", "error_min", "resid_pow", "slice_pow", "image_pow", "cross_cor"].map((name) =>
      constant(field(name), 0),
    ),
    constant(field("alpha"), 1),
    constant(field("alpha_min"), 0),
    ...["weight", "pose_ess", "shift_ess"].map((name) => constant(field(name), 0)),
    constant(field("class_posterior"), 1),
    { name: field("class"), type: "u4", value: (i) => (classes ? (classNumber?.[i] ?? 1) - 1 : 0) },
    constant(field("class_ess"), 1),
  ];
}

function rotationVectors({ rot, tilt, psi }: Poses): Float64Array {
  const vectors = new Float64Array(3 * rot.length);
  rot.forEach((angle, i) => vectors.set(rotationVector(angle, tilt[i]!, psi[i]!), 3 * i));
  return vectors;
}

/**
 * cryoSPARC's rotation vector (axis times angle, 0 to pi) of RELION's Euler angles (radians): that of the transpose of
 * A = Rz(psi) Ry(tilt) Rz(rot), by its quaternion. pyem's csparc2star goes the other way.
 */
export function rotationVector(rot: number, tilt: number, psi: number): [x: number, y: number, z: number] {
  const [sum, difference, half] = [(rot + psi) / 2, (rot - psi) / 2, tilt / 2];
  const turn = Math.cos(half) * Math.cos(sum),
    axis = [
      -Math.sin(half) * Math.sin(difference),
      Math.sin(half) * Math.cos(difference),
      Math.cos(half) * Math.sin(sum),
    ] as const;
  const sine = Math.hypot(...axis);
  if (sine === 0) return [0, 0, 0];
  const scale = (turn < 0 ? -2 : 2) * (Math.atan2(sine, Math.abs(turn)) / sine);
  return [scale * axis[0], scale * axis[1], scale * axis[2]];
}
