/**
 * Geometry of the local search: where most likely poses are known, only poses near them are tried. Poses are sorted
 * into cells on the sphere of viewing directions; all images of a cell are compared with the same few views around its
 * centre.
 */

import { closenessToUnit, directionOf, evenDirections } from "../../physics/directions.ts";
import { axisAngleToMatrix, eulerToMatrix, type Matrix3, multiply, transpose } from "../../physics/rotations.ts";
import { viewSpacing } from "../../physics/viewGrid.ts";
import { poseAlong } from "../../physics/viewing.ts";
import type { RandomStream } from "../../runtime/random.ts";

/** Radius of a cell, and how far beyond its border views are tried, in units of the spacing between views. */
const cellRadius = 2.5,
  margin = 2;
/** Between the centres of cells, in the same units. */
export const spacingOfCells = Math.sqrt(Math.PI) * cellRadius;
/** Views of a cell: a disc of that size. */
export const viewsPerCell = Math.round(Math.PI * (cellRadius + margin) ** 2);
/**
 * So many cells are dealt out to the two halves of the particles as a whole, which costs nothing; of fewer each is
 * divided.
 */
export const manyCells = 64;
const turnsEitherSide = 3;

/**
 * In-plane turns tried to either side of the one known, at the angle by which features of the stage's resolution move
 * by half their size: radians.
 */
export const turnsNearby = (maxRadius: number): number[] =>
  Array.from({ length: 2 * turnsEitherSide + 1 }, (_, i) => ((i - turnsEitherSide) * 2 * Math.PI) / (4 * maxRadius));

/** Number of all poses at a stage's spacing: directions up to their sign, mirroring, turns. */
export const posesAt = (maxRadius: number, groupOrder: number): number =>
  ((2 * Math.PI) / viewSpacing(maxRadius) ** 2 / groupOrder) * 2 * (4 * maxRadius);

/** A direction's distance from a cell's centre as an angle along two axes of the cell's frame, radians. */
export type Tilt = readonly [number, number];

/**
 * The frame tilted so that its third axis moves by |tilt| towards (tilt, 0) in its own coordinates, without turning in
 * its plane.
 */
export function tilted(frame: Matrix3, tilt: Tilt): Matrix3 {
  const angle = Math.hypot(...tilt);
  if (angle === 0) return frame;
  return multiply(transpose(axisAngleToMatrix([-tilt[1], tilt[0], 0], angle)), frame);
}

/**
 * Splits a pose into the tilt of its direction from the frame's and the turn in the image plane that follows: pose =
 * turned(tilted(frame, tilt), psi).
 */
export function splitPose(pose: Matrix3, frame: Matrix3): { tilt: Tilt; psi: number } {
  const along = (row: number): number =>
    pose[6]! * frame[3 * row]! + pose[7]! * frame[3 * row + 1]! + pose[8]! * frame[3 * row + 2]!;
  const [x, y, z] = [along(0), along(1), along(2)];
  const sine = Math.hypot(x, y),
    angle = Math.atan2(sine, z);
  const tilt: Tilt = sine > 0 ? [(x / sine) * angle, (y / sine) * angle] : [0, 0];
  const base = tilted(frame, tilt);
  const dot = (row: number): number =>
    pose[0]! * base[3 * row]! + pose[1]! * base[3 * row + 1]! + pose[2]! * base[3 * row + 2]!;
  return { tilt, psi: Math.atan2(dot(1), dot(0)) };
}

/** The pose seen after turning the image plane by psi: Rz(psi)·pose. */
export const turned = (pose: Matrix3, psi: number): Matrix3 => multiply(eulerToMatrix(0, 0, psi), pose);

/** The pose of the image mirrored about its x axis. */
export const mirrored = (pose: Matrix3): Matrix3 => pose.map((v, i) => (i < 3 ? v : -v));

/** The tilts of a cell's views as the expectation step takes them, [2, views]. */
export const tiltFeed = (tilts: readonly Tilt[]): Float32Array =>
  Float32Array.from([0, 1].flatMap((axis) => tilts.map((tilt) => tilt[axis]!)));

/**
 * The pose of an image about which a cell was looked through, by its posterior means.
 *
 * @param tilt   from the frame
 * @param psi    turn of its image plane against the frame
 * @param mirror -1 where the image was mirrored, else 1
 */
export function foundNear(frame: Matrix3, tilt: Tilt, psi: number, mirror: number): Matrix3 {
  const unmirrored = turned(tilted(frame, tilt), psi);
  return mirror < 0 ? mirrored(unmirrored) : unmirrored;
}

/** The equivalent of a pose, under the point group and mirroring, whose direction is nearest to a fixed one. */
export function inAsymmetricUnit(pose: Matrix3, group: readonly Matrix3[]): { pose: Matrix3; mirror: boolean } {
  let best = -1,
    chosen = pose,
    mirror = false;
  for (const g of group) {
    const equivalent = multiply(pose, transpose(g));
    const closeness = closenessToUnit(directionOf(equivalent));
    if (Math.abs(closeness) > best) [best, chosen, mirror] = [Math.abs(closeness), equivalent, closeness < 0];
  }
  return { pose: mirror ? mirrored(chosen) : chosen, mirror };
}

/** Poses around one direction. */
export interface Cell {
  /** Pose at the centre. */
  frame: Matrix3;
  /** The particles whose poses lie here. */
  members: number[];
}

export interface SortedPoses {
  cells: Cell[];
  /** Turn of each pose's image plane against its cell's frame. */
  psi: Float64Array;
  /** -1 where the image has to be mirrored, else 1. */
  mirror: Float64Array;
}

/**
 * Sorts poses into cells: by the nearest of directions spread evenly over the sphere.
 *
 * @param poses   [count, 3, 3]
 * @param chosen  the particles to sort
 * @param spacing of the cells' centres, radians
 * @param turn    orientation of the cells' centres
 */
export function sortIntoCells(
  poses: Float32Array,
  chosen: Int32Array,
  spacing: number,
  group: readonly Matrix3[],
  turn: Matrix3,
): SortedPoses {
  const count = poses.length / 9,
    centres = evenDirections(spacing, turn);
  const cells = new Map<number, Cell>();
  const psi = new Float64Array(count),
    mirror = new Float64Array(count);
  for (const i of chosen) {
    const unit = inAsymmetricUnit(Float64Array.from(poses.subarray(9 * i, 9 * i + 9)), group);
    const [x, y, z] = directionOf(unit.pose);
    let nearest = 0,
      most = -2;
    for (let j = 0; j < centres.length; j++) {
      const p = centres[j]!,
        closeness = p[0] * x + p[1] * y + p[2] * z;
      if (closeness > most) [most, nearest] = [closeness, j];
    }
    let cell = cells.get(nearest);
    if (!cell) cells.set(nearest, (cell = { frame: poseAlong(centres[nearest]!, 0), members: [] }));
    cell.members.push(i);
    psi[i] = splitPose(unit.pose, cell.frame).psi;
    mirror[i] = unit.mirror ? -1 : 1;
  }
  return { cells: [...cells.values()], psi, mirror };
}

/**
 * Tilts on a square lattice of the given spacing, turned and moved at random: the `count` of them nearest to the
 * centre.
 */
export function tiltLattice(count: number, spacing: number, stream: RandomStream): Tilt[] {
  const angle = 2 * Math.PI * stream.uniform(),
    u = stream.uniform(),
    v = stream.uniform();
  const c = spacing * Math.cos(angle),
    s = spacing * Math.sin(angle),
    reach = Math.ceil(Math.sqrt(count / Math.PI)) + 2;
  const points: Tilt[] = [];
  for (let i = -reach; i <= reach; i++)
    for (let j = -reach; j <= reach; j++) points.push([c * (i + u) - s * (j + v), s * (i + u) + c * (j + v)]);
  return points.sort((a, b) => Math.hypot(...a) - Math.hypot(...b)).slice(0, count);
}
