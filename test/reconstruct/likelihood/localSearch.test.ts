import { describe, expect, it } from "vitest";
import { polarGrid } from "../../../src/physics/frequencies.ts";
import {
  angularDistance,
  axisAngleToMatrix,
  eulerToMatrix,
  type Matrix3,
  multiply,
  randomRotation,
  transpose,
} from "../../../src/physics/rotations.ts";
import { pointGroup } from "../../../src/physics/symmetry.ts";
import {
  inAsymmetricUnit,
  mirrored,
  sortIntoCells,
  splitPose,
  type Tilt,
  tilted,
  tiltLattice,
  turned,
} from "../../../src/reconstruct/likelihood/localSearch.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { type Blob, moveBlobs, randomBlobs } from "../../evaluate/blobs.ts";
import { type ComplexValues, projectionTransform, randomPoses } from "../../physics/analytic.ts";

const identity = eulerToMatrix(0, 0, 0);
const groups = ["C1", "C3", "D2", "D7", "T", "O", "I", "I3"];
const row = (m: Matrix3, i: number): number[] => [m[3 * i]!, m[3 * i + 1]!, m[3 * i + 2]!];
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
/** Angle between unit vectors, accurate for small ones too. */
const angleBetween = (a: readonly number[], b: readonly number[]): number =>
  2 * Math.asin(Math.min(1, Math.hypot(...a.map((v, i) => v - b[i]!)) / 2));
const expectSame = (a: Matrix3, b: Matrix3): void => expect(angularDistance(a, b)).toBeLessThan(1e-7);

describe("tilted", () => {
  it("of the standard frame leans its direction towards the tilt: the matrices of turns about y and x", () => {
    const a = 0.3,
      c = Math.cos(a),
      s = Math.sin(a);
    const towardsX = tilted(identity, [a, 0]),
      towardsY = tilted(identity, [0, a]);
    Array.from(towardsX).forEach((v, i) => expect(v).toBeCloseTo([c, 0, -s, 0, 1, 0, s, 0, c][i]!, 12));
    Array.from(towardsY).forEach((v, i) => expect(v).toBeCloseTo([1, 0, 0, 0, c, -s, 0, s, c][i]!, 12));
    expect(tilted(identity, [0, 0])).toEqual(identity);
  });

  it("moves the direction along a great circle by the tilt's length, and the axes in parallel", () => {
    const stream = createStream(1, "tilts");
    for (let trial = 0; trial < 50; trial++) {
      const frame = randomRotation(stream),
        tilt: Tilt = [2 * stream.uniform() - 1, 2 * stream.uniform() - 1];
      const angle = Math.hypot(...tilt),
        after = tilted(frame, tilt);
      const direction = row(frame, 2),
        towards = [0, 1, 2].map((i) => (tilt[0] * frame[i]! + tilt[1] * frame[3 + i]!) / angle);
      const expected = direction.map((v, i) => Math.cos(angle) * v + Math.sin(angle) * towards[i]!);
      expect(angleBetween(row(after, 2), expected)).toBeLessThan(1e-7);
      // Parallel transport along a great circle keeps the angles of a vector with the circle's tangent and with its
      // normal.
      const normal = [0, 1, 2].map((i) => (-tilt[1] * frame[i]! + tilt[0] * frame[3 + i]!) / angle);
      const tangent = direction.map((v, i) => -Math.sin(angle) * v + Math.cos(angle) * towards[i]!);
      for (const axis of [0, 1]) {
        expect(dot(row(after, axis), normal)).toBeCloseTo(dot(row(frame, axis), normal), 12);
        expect(dot(row(after, axis), tangent)).toBeCloseTo(dot(row(frame, axis), towards), 12);
      }
    }
  });
});

describe("splitPose", () => {
  it("gives back the tilt and the turn that a pose was made with", () => {
    const stream = createStream(2, "poses");
    for (const largest of [1e-6, 0.1, 3])
      for (let trial = 0; trial < 100; trial++) {
        const frame = randomRotation(stream),
          angle = largest * stream.uniform(),
          towards = 2 * Math.PI * stream.uniform(),
          psi = Math.PI * (2 * stream.uniform() - 1);
        const tilt: Tilt = [angle * Math.cos(towards), angle * Math.sin(towards)];
        const found = splitPose(multiply(eulerToMatrix(0, 0, psi), tilted(frame, tilt)), frame);
        expect(Math.hypot(found.tilt[0] - tilt[0], found.tilt[1] - tilt[1])).toBeLessThan(
          1e-9 + 1e-12 / (Math.PI - angle),
        );
        expect(Math.cos(found.psi - psi)).toBeCloseTo(1, 12);
        expectSame(turned(tilted(frame, found.tilt), found.psi), turned(tilted(frame, tilt), psi));
      }
  });

  it("of the frame itself, turned, is a turn alone", () => {
    const frame = eulerToMatrix(0.4, 1.1, -2);
    const { tilt, psi } = splitPose(turned(frame, 0.7), frame);
    expect(Math.hypot(...tilt)).toBeLessThan(1e-9);
    expect(psi).toBeCloseTo(0.7, 9);
  });
});

const grid = polarGrid(6, 12),
  boxSize = 24,
  pixelSizeAngstrom = 4;
const molecule = randomBlobs(4, 6, 25, 6);
/** The image's exact transform, or that of the image mirrored about its x axis. */
function image(blobs: Blob[], pose: Matrix3, mirror = false): ComplexValues {
  const at = mirror ? { ...grid, y: grid.y.map((k) => -k) } : grid;
  return projectionTransform(blobs, pose, [0, 0], at, boxSize, pixelSizeAngstrom);
}
function difference(a: ComplexValues, b: ComplexValues): number {
  let error = 0,
    size = 0;
  a.re.forEach((v, i) => {
    error += (v - b.re[i]!) ** 2 + (a.im[i]! - b.im[i]!) ** 2;
    size += v ** 2 + a.im[i]! ** 2;
  });
  return Math.sqrt(error / size);
}

describe("mirrored", () => {
  it("is the pose of which the image is mirrored about its x axis", () => {
    for (const pose of randomPoses(5, 10)) {
      expect(difference(image(molecule, mirrored(pose)), image(molecule, pose, true))).toBeLessThan(1e-12);
      expect(difference(image(molecule, mirrored(pose)), image(molecule, pose))).toBeGreaterThan(0.1);
      expectSame(multiply(mirrored(pose), transpose(mirrored(pose))), identity);
      expectSame(mirrored(mirrored(pose)), pose);
    }
  });

  it("and turned the other way is turned and mirrored", () => {
    const [pose] = randomPoses(6, 1);
    expectSame(mirrored(turned(pose!, 0.8)), turned(mirrored(pose!), -0.8));
  });
});

describe.each(groups)("the asymmetric unit of %s", (symbol) => {
  const group = pointGroup(symbol);
  const symmetric = group.flatMap((g) => moveBlobs(molecule.slice(0, 2), g, [0, 0, 0], false));

  it("holds an equivalent of each pose: the same image, mirrored where it says so", () => {
    let mirrors = 0;
    for (const pose of randomPoses(7, 20)) {
      const unit = inAsymmetricUnit(pose, group);
      expect(difference(image(symmetric, unit.pose), image(symmetric, pose, unit.mirror))).toBeLessThan(1e-9);
      mirrors += unit.mirror ? 1 : 0;
    }
    expect(mirrors).toBeGreaterThan(2);
    expect(mirrors).toBeLessThan(18);
  });

  it("holds one and the same for all equivalents", () => {
    for (const pose of randomPoses(8, 5)) {
      const unit = inAsymmetricUnit(pose, group);
      for (const g of group) {
        const equivalent = multiply(pose, g);
        const found = inAsymmetricUnit(equivalent, group),
          reversed = inAsymmetricUnit(mirrored(equivalent), group);
        expectSame(found.pose, unit.pose);
        expect(found.mirror).toBe(unit.mirror);
        expectSame(reversed.pose, unit.pose);
        expect(reversed.mirror).toBe(!unit.mirror);
      }
    }
  });
});

describe.each([
  ["C1", 0.35],
  ["D2", 0.3],
  ["O", 0.2],
])("cells, %s", (symbol, spacing) => {
  const group = pointGroup(symbol),
    count = 400,
    stream = createStream(9, symbol);
  const poses = Float32Array.from(Array.from({ length: count }, () => [...randomRotation(stream)]).flat());
  const poseOf = (p: number): Matrix3 => Float64Array.from(poses.subarray(9 * p, 9 * p + 9));
  const chosen = stream.permutation(count).subarray(0, 350).sort();
  const lattice = randomRotation(stream);
  const sorted = sortIntoCells(poses, chosen, spacing, group, lattice);

  it("hold each particle asked for exactly once", () => {
    expect(sorted.cells.flatMap((cell) => cell.members).sort((a, b) => a - b)).toEqual(Array.from(chosen));
    expect(sorted.cells.every((cell) => cell.members.length > 0)).toBe(true);
  });

  it("hold it where the nearest centre is, within about their radius", () => {
    let squares = 0,
      farthest = 0;
    for (const { frame, members } of sorted.cells)
      for (const p of members) {
        const { pose } = inAsymmetricUnit(poseOf(p), group),
          distance = angleBetween(row(pose, 2), row(frame, 2));
        for (const other of sorted.cells)
          expect(distance).toBeLessThan(angleBetween(row(pose, 2), row(other.frame, 2)) + 1e-6);
        squares += distance ** 2 / chosen.length;
        farthest = Math.max(farthest, distance);
      }
    // A square's corner is at 0.71 spacings, its root mean square radius 0.41; a Fibonacci lattice is a little less
    // even.
    expect(farthest).toBeLessThan(0.85 * spacing);
    expect(Math.sqrt(squares)).toBeGreaterThan(0.35 * spacing);
    expect(Math.sqrt(squares)).toBeLessThan(0.45 * spacing);
  });

  it("keep each pose: a tilt of the frame, turned by psi and mirrored where it says so", () => {
    for (const { frame, members } of sorted.cells)
      for (const p of members) {
        const pose = poseOf(p),
          unit = inAsymmetricUnit(pose, group).pose;
        const again = turned(tilted(frame, splitPose(unit, frame).tilt), sorted.psi[p]!),
          unmirrored = sorted.mirror[p]! < 0 ? mirrored(again) : again;
        expect(Math.abs(sorted.mirror[p]!)).toBe(1);
        // poses are in single precision
        expect(Math.min(...group.map((g) => angularDistance(unmirrored, multiply(pose, g))))).toBeLessThan(1e-5);
      }
  });

  it("lie elsewhere when the lattice is turned", () => {
    const other = sortIntoCells(poses, chosen, spacing, group, axisAngleToMatrix([1, 2, 3], 1));
    const shared = other.cells.filter((cell) =>
      sorted.cells.some(({ frame }) => angleBetween(row(frame, 2), row(cell.frame, 2)) < 1e-6),
    );
    expect(shared).toEqual([]);
    expect(sortIntoCells(poses, chosen, spacing, group, lattice)).toEqual(sorted);
  });
});

describe("tiltLattice", () => {
  const count = 64,
    spacing = 0.1;
  const draw = (i: number): Tilt[] => tiltLattice(count, spacing, createStream(10, `cell ${i}`));
  const distance = (a: Tilt, b: Tilt): number => Math.hypot(a[0] - b[0], a[1] - b[1]);

  it("is a square lattice: from each point whole steps along two axes at right angles lead to the others", () => {
    const points = draw(0);
    expect(points).toHaveLength(count);
    const [origin] = points,
      neighbour = points.find((p) => p !== origin && distance(p, origin!) < 1.01 * spacing)!;
    const along = [neighbour[0] - origin![0], neighbour[1] - origin![1]] as const;
    expect(Math.hypot(...along)).toBeCloseTo(spacing, 12);
    const places = points.map((p) => {
      const [dx, dy] = [p[0] - origin![0], p[1] - origin![1]];
      return [(dx * along[0] + dy * along[1]) / spacing ** 2, (dy * along[0] - dx * along[1]) / spacing ** 2] as const;
    });
    for (const place of places.flat()) expect(Math.abs(place - Math.round(place))).toBeLessThan(1e-9);
    expect(new Set(places.map((place) => place.map(Math.round).join())).size).toBe(count);
  });

  it.each([1, 5, 64, 200])("fills a disc of %i cells' area about the centre", (size) => {
    const radius = spacing * Math.sqrt(size / Math.PI);
    for (let i = 0; i < 20; i++) {
      const points = tiltLattice(size, spacing, createStream(11, `${i}`));
      // Any place well inside has a point within half a diagonal of a lattice cell; none lies far outside.
      for (const p of points) expect(Math.hypot(...p)).toBeLessThan(radius + spacing);
      for (let a = 0; a < 2 * Math.PI; a += 0.5)
        for (let r = 0; r < radius - spacing; r += spacing / 3) {
          expect(Math.min(...points.map((p) => distance(p, [r * Math.cos(a), r * Math.sin(a)])))).toBeLessThan(
            0.7072 * spacing,
          );
        }
    }
  });

  it("lies differently for each stream, evenly about the centre, and the same for the same", () => {
    expect(draw(3)).toEqual(draw(3));
    const all = Array.from({ length: 200 }, (_, i) => draw(i));
    expect(new Set(all.map((points) => points[0]!.join())).size).toBe(200);
    const nearest = all.map((points) => points[0]!);
    // The point nearest to the centre is uniform over a square turned at random: mean square spacing²/6.
    const meanSquare = nearest.reduce((sum, p) => sum + Math.hypot(...p) ** 2, 0) / 200;
    expect(meanSquare / (spacing ** 2 / 6)).toBeGreaterThan(0.8);
    expect(meanSquare / (spacing ** 2 / 6)).toBeLessThan(1.2);
    for (const axis of [0, 1] as const) {
      expect(Math.abs(nearest.reduce((sum, p) => sum + p[axis], 0) / 200)).toBeLessThan(
        4 * spacing * Math.sqrt(1 / 12 / 200),
      );
      const perSample = all.flat().reduce((sum, p) => sum + p[axis] ** 2, 0) / (200 * count);
      // a disc's mean square along an axis is radius²/4
      expect(perSample / ((spacing ** 2 * count) / Math.PI / 4)).toBeCloseTo(1, 1);
    }
  });
});
