/**
 * Rotations as row-major 3x3 matrices.
 *
 * The meaning kept throughout this project is RELION's: the pose A = eulerToMatrix(rot, tilt, psi) takes volume
 * coordinates to image coordinates, x_image = A x_volume, and the image is the integral along z_image. By the central
 * slice theorem the Fourier transform of the projection at the image frequency (kx, ky) is the transform of the volume
 * at
 *   A^T (kx, ky, 0) = kx row0(A) + ky row1(A).
 * Row 2 of A is the direction of projection in volume coordinates.
 */
import type { RandomStream } from "../runtime/random.ts";

/** Nine numbers, row by row. */
export type Matrix3 = Float64Array;

/**
 * The matrix of RELION's Euler angles (ZYZ, radians): A = Rz(psi) Ry(tilt) Rz(rot), each turning the coordinate axes.
 * Formula: `Euler_angles2matrix` in RELION's src/euler.cpp; Heymann, Chagoyen & Belnap (2005), J. Struct. Biol. 151,
 * 196.
 */
export function eulerToMatrix(rot: number, tilt: number, psi: number): Matrix3 {
  const ca = Math.cos(rot),
    sa = Math.sin(rot);
  const cb = Math.cos(tilt),
    sb = Math.sin(tilt);
  const cg = Math.cos(psi),
    sg = Math.sin(psi);
  return Float64Array.of(
    cg * cb * ca - sg * sa,
    cg * cb * sa + sg * ca,
    -cg * sb,
    -sg * cb * ca - cg * sa,
    -sg * cb * sa + cg * ca,
    sg * sb,
    sb * ca,
    sb * sa,
    cb,
  );
}

/**
 * RELION's Euler angles (radians) of a rotation: rot and psi in [-pi, pi], tilt in [0, pi]. Where tilt is 0 or pi only
 * a combination of rot and psi is defined, and rot is 0, as in RELION's `Euler_matrix2angles`.
 */
export function matrixToEuler(a: Matrix3): { rot: number; tilt: number; psi: number } {
  const sinTilt = Math.hypot(a[2]!, a[5]!);
  const tilt = Math.atan2(sinTilt, a[8]!);
  if (sinTilt > 1e-9) return { rot: Math.atan2(a[7]!, a[6]!), tilt, psi: Math.atan2(a[5]!, -a[2]!) };
  return { rot: 0, tilt: a[8]! > 0 ? 0 : Math.PI, psi: Math.atan2(a[1]!, a[4]!) };
}

/** The matrix of the quaternion (w, x, y, z), of any length but 0, as it acts on column vectors. */
export function quaternionToMatrix(w: number, x: number, y: number, z: number): Matrix3 {
  const s = 2 / (w * w + x * x + y * y + z * z);
  return Float64Array.of(
    1 - s * (y * y + z * z),
    s * (x * y - w * z),
    s * (x * z + w * y),
    s * (x * y + w * z),
    1 - s * (x * x + z * z),
    s * (y * z - w * x),
    s * (x * z - w * y),
    s * (y * z + w * x),
    1 - s * (x * x + y * y),
  );
}

/** The matrix that turns column vectors by `angle` radians about `axis` (any length but 0), right-handed. */
export function axisAngleToMatrix(axis: readonly [number, number, number], angle: number): Matrix3 {
  const s = Math.sin(angle / 2) / Math.hypot(...axis);
  return quaternionToMatrix(Math.cos(angle / 2), s * axis[0], s * axis[1], s * axis[2]);
}

/** The matrix product a b. */
export function multiply(a: Matrix3, b: Matrix3): Matrix3 {
  const out = new Float64Array(9);
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      out[3 * row + column] =
        a[3 * row]! * b[column]! + a[3 * row + 1]! * b[column + 3]! + a[3 * row + 2]! * b[column + 6]!;
    }
  }
  return out;
}

/** The transpose, which is the inverse of a rotation. */
export function transpose(a: Matrix3): Matrix3 {
  return Float64Array.of(a[0]!, a[3]!, a[6]!, a[1]!, a[4]!, a[7]!, a[2]!, a[5]!, a[8]!);
}

/** A rotation drawn uniformly from SO(3) (Shoemake 1992, "Uniform random rotations", Graphics Gems III). */
export function randomRotation(stream: RandomStream): Matrix3 {
  const u = stream.uniform();
  const first = 2 * Math.PI * stream.uniform();
  const second = 2 * Math.PI * stream.uniform();
  const a = Math.sqrt(1 - u),
    b = Math.sqrt(u);
  return quaternionToMatrix(b * Math.cos(second), a * Math.sin(first), a * Math.cos(first), b * Math.sin(second));
}

/**
 * The angle in radians, 0 to pi, of the rotation that takes a to b. Accurate also for small angles: |a - b|² = 8
 * sin²(angle/2).
 */
export function angularDistance(a: Matrix3, b: Matrix3): number {
  let squared = 0;
  for (let i = 0; i < 9; i++) squared += (a[i]! - b[i]!) ** 2;
  return 2 * Math.asin(Math.min(1, Math.sqrt(squared / 8)));
}
