import { describe, expect, it } from "vitest";
import {
  angularDistance,
  axisAngleToMatrix,
  eulerToMatrix,
  matrixToEuler,
  multiply,
  quaternionToMatrix,
  randomRotation,
  transpose,
} from "../../src/physics/rotations.ts";
import { createStream } from "../../src/runtime/random.ts";

const degree = Math.PI / 180;
const identity = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);

function expectMatrix(actual: Float64Array, expected: ArrayLike<number>, digits = 12) {
  for (let i = 0; i < 9; i++) expect(actual[i]).toBeCloseTo(expected[i]!, digits);
}

/** A rotation of the coordinate axes about z or y by hand, to compose Euler angles from. */
const axesAboutZ = (a: number) => Float64Array.of(Math.cos(a), Math.sin(a), 0, -Math.sin(a), Math.cos(a), 0, 0, 0, 1);
const axesAboutY = (a: number) => Float64Array.of(Math.cos(a), 0, -Math.sin(a), 0, 1, 0, Math.sin(a), 0, Math.cos(a));

describe("Euler angles", () => {
  it("are the ZYZ composition that RELION defines", () => {
    for (const [rot, tilt, psi] of [
      [0.3, 1.1, -2],
      [-2.5, 0.2, 0.7],
      [3, 3, 3],
    ] as const) {
      expectMatrix(
        eulerToMatrix(rot, tilt, psi),
        multiply(axesAboutZ(psi), multiply(axesAboutY(tilt), axesAboutZ(rot))),
      );
    }
  });

  it("give the matrices worked out by hand for right angles", () => {
    expectMatrix(eulerToMatrix(90 * degree, 0, 0), [0, 1, 0, -1, 0, 0, 0, 0, 1]);
    expectMatrix(eulerToMatrix(0, 90 * degree, 0), [0, 0, -1, 0, 1, 0, 1, 0, 0]);
    expectMatrix(eulerToMatrix(0, 90 * degree, 90 * degree), [0, 1, 0, 0, 0, 1, 1, 0, 0]);
  });

  it("have the direction of projection (sin tilt cos rot, sin tilt sin rot, cos tilt) as the last row", () => {
    const a = eulerToMatrix(0.4, 1.2, 2.2);
    expect(a[6]).toBeCloseTo(Math.sin(1.2) * Math.cos(0.4), 12);
    expect(a[7]).toBeCloseTo(Math.sin(1.2) * Math.sin(0.4), 12);
    expect(a[8]).toBeCloseTo(Math.cos(1.2), 12);
  });

  it("are found again, with tilt in 0..180 degrees", () => {
    const stream = createStream(1, "euler");
    for (let i = 0; i < 200; i++) {
      const angles = {
        rot: (2 * stream.uniform() - 1) * Math.PI,
        tilt: stream.uniform() * Math.PI,
        psi: (2 * stream.uniform() - 1) * Math.PI,
      };
      const found = matrixToEuler(eulerToMatrix(angles.rot, angles.tilt, angles.psi));
      expect(found.rot).toBeCloseTo(angles.rot, 9);
      expect(found.tilt).toBeCloseTo(angles.tilt, 9);
      expect(found.psi).toBeCloseTo(angles.psi, 9);
    }
  });

  it("of a tilt of 0 or 180 degrees have rot 0 and describe the same rotation", () => {
    for (const tilt of [0, Math.PI]) {
      const a = eulerToMatrix(0.5, tilt, 0.8);
      const { rot, tilt: foundTilt, psi } = matrixToEuler(a);
      expect(rot).toBe(0);
      expect(foundTilt).toBe(tilt);
      // About z alone the angles add up; upside down they subtract.
      expect(psi).toBeCloseTo(tilt === 0 ? 1.3 : 0.3, 9);
      expect(angularDistance(eulerToMatrix(rot, foundTilt, psi), a)).toBeLessThan(1e-12);
    }
  });
});

describe("matrices", () => {
  it("turn vectors right-handed about an axis", () => {
    expectMatrix(axisAngleToMatrix([0, 0, 2], 90 * degree), [0, -1, 0, 1, 0, 0, 0, 0, 1]);
    expectMatrix(axisAngleToMatrix([1, 1, 1], 120 * degree), [0, 0, 1, 1, 0, 0, 0, 1, 0]);
  });

  it("come from quaternions of any length", () => {
    const h = Math.SQRT1_2;
    expectMatrix(quaternionToMatrix(h, h, 0, 0), [1, 0, 0, 0, 0, -1, 0, 1, 0]);
    expectMatrix(quaternionToMatrix(3, 3, 0, 0), [1, 0, 0, 0, 0, -1, 0, 1, 0]);
    expectMatrix(quaternionToMatrix(0, 0, 0, -5), [-1, 0, 0, 0, -1, 0, 0, 0, 1]);
  });

  it("multiply as matrices do, and the transpose is the inverse of a rotation", () => {
    expectMatrix(
      multiply(Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 10), Float64Array.of(1, 0, 2, 0, 1, 0, 3, 0, 1)),
      [10, 2, 5, 22, 5, 14, 37, 8, 24],
    );
    const a = eulerToMatrix(1, 2, 3);
    expectMatrix(multiply(a, transpose(a)), identity);
  });

  it("lie apart by the angle of the rotation between them, tiny angles included", () => {
    const a = eulerToMatrix(0.1, 0.7, -1);
    for (const angle of [0, 1e-10, 1e-3, 1, 3]) {
      expect(angularDistance(a, multiply(a, axisAngleToMatrix([1, -2, 0.5], angle)))).toBeCloseTo(
        angle,
        14 - (angle > 2 ? 2 : 0),
      );
    }
    expect(angularDistance(identity, axisAngleToMatrix([0, 1, 0], Math.PI))).toBeCloseTo(Math.PI, 7);
  });
});

describe("random rotations", () => {
  const stream = createStream(2, "rotations");
  const count = 20000;
  const rotations = Array.from({ length: count }, () => randomRotation(stream));

  it("are rotations", () => {
    for (const a of rotations.slice(0, 100)) {
      expectMatrix(multiply(a, transpose(a)), identity);
      const determinant =
        a[0]! * (a[4]! * a[8]! - a[5]! * a[7]!) -
        a[1]! * (a[3]! * a[8]! - a[5]! * a[6]!) +
        a[2]! * (a[3]! * a[7]! - a[4]! * a[6]!);
      expect(determinant).toBeCloseTo(1, 12);
    }
  });

  it("turn by angles of density (1 - cos angle) / pi, as uniform on SO(3) means", () => {
    const bins = 20;
    const counts = new Float64Array(bins);
    for (const a of rotations)
      counts[Math.min(bins - 1, Math.floor((angularDistance(identity, a) / Math.PI) * bins))]!++;
    let chiSquare = 0;
    for (let i = 0; i < bins; i++) {
      const below = (angle: number) => (angle - Math.sin(angle)) / Math.PI;
      const expected = count * (below(((i + 1) * Math.PI) / bins) - below((i * Math.PI) / bins));
      chiSquare += (counts[i]! - expected) ** 2 / expected;
    }
    expect(chiSquare).toBeLessThan(19 + 5 * Math.sqrt(38));
  });

  it("have entries of mean 0 and variance 1/3, uncorrelated with each other", () => {
    const limit = 5 / Math.sqrt(count);
    for (let i = 0; i < 9; i++) {
      expect(Math.abs(rotations.reduce((sum, a) => sum + a[i]!, 0) / count)).toBeLessThan(limit);
      for (let j = 0; j <= i; j++) {
        const mean = rotations.reduce((sum, a) => sum + a[i]! * a[j]!, 0) / count;
        expect(Math.abs(mean - (i === j ? 1 / 3 : 0))).toBeLessThan(limit);
      }
    }
  });
});
