import { describe, expect, it } from "vitest";
import { alignToReference } from "../../src/evaluate/align.ts";
import { fourierShellCorrelation } from "../../src/evaluate/fsc.ts";
import { maximise } from "../../src/evaluate/nelderMead.ts";
import { angularDistance, axisAngleToMatrix, randomRotation } from "../../src/physics/rotations.ts";
import { createStream } from "../../src/runtime/random.ts";
import { densityOf, moveBlobs, randomBlobs, withNoise } from "./blobs.ts";

const degrees = (radians: number) => (radians * 180) / Math.PI;

describe("alignToReference", () => {
  it.each([
    { boxSize: 32, mirrored: false, noise: 0 },
    { boxSize: 32, mirrored: true, noise: 0 },
    { boxSize: 33, mirrored: true, noise: 0.15 },
    { boxSize: 48, mirrored: false, noise: 0.15 },
  ])(
    "recovers rotation, shift and hand: box $boxSize, mirrored $mirrored, noise $noise",
    ({ boxSize, mirrored, noise }) => {
      const stream = createStream(boxSize, `pose ${mirrored}`);
      const blobs = randomBlobs(boxSize + Number(mirrored), 25, 0.22 * boxSize * 2, 3.5);
      const rotation = randomRotation(stream);
      const shift = [4.3, -3.2, 2.1];
      const clean = densityOf(moveBlobs(blobs, rotation, shift, mirrored), boxSize, 2);
      const result = alignToReference(withNoise(densityOf(blobs, boxSize, 2), noise, 1), withNoise(clean, noise, 2));

      expect(result.mirrored).toBe(mirrored);
      expect(degrees(angularDistance(result.rotation, rotation))).toBeLessThan(noise ? 1 : 0.3);
      result.shiftAngstrom.forEach((s, i) => expect(Math.abs(s - shift[i]!)).toBeLessThan(0.3));
      expect(result.correlation).toBeGreaterThan(result.correlationOtherHand + 0.1);
      // What comes back is the map in the frame of the reference: as good as one made there with the same noise.
      const { fsc } = fourierShellCorrelation(result.map, clean);
      const ideal = fourierShellCorrelation(withNoise(clean, noise, 1), clean).fsc;
      for (let i = 0; i < 6; i++) expect(fsc[i]).toBeGreaterThan(ideal[i]! - (noise ? 0.03 : 0.005));
    },
  );

  it("tells the pose from its near repeats in a molecule that is almost sevenfold symmetric, far off centre", () => {
    const unit = randomBlobs(5, 20, 24, 3.5);
    const ring = Array.from({ length: 7 }, (_, k) =>
      moveBlobs(unit, axisAngleToMatrix([0, 0, 1], (2 * Math.PI * k) / 7), [0, 0, 0], false),
    );
    const blobs = [...ring.flat(), ...randomBlobs(55, 6, 24, 3.5)];
    const rotation = randomRotation(createStream(6, "pose"));
    const shift = [12, -9, 8];
    const reference = densityOf(moveBlobs(blobs, rotation, shift, true), 48, 2.5);
    const result = alignToReference(withNoise(densityOf(blobs, 48, 2.5), 0.2, 1), withNoise(reference, 0.2, 2));
    expect(result.mirrored).toBe(true);
    expect(degrees(angularDistance(result.rotation, rotation))).toBeLessThan(1);
    result.shiftAngstrom.forEach((s, i) => expect(Math.abs(s - shift[i]!)).toBeLessThan(0.3));
  });

  it("brings maps of different box and pixel size to the coarser grid first", () => {
    const blobs = randomBlobs(9, 25, 16, 4);
    const rotation = randomRotation(createStream(3, "pose"));
    const map = densityOf(blobs, 32, 2.5);
    const reference = densityOf(moveBlobs(blobs, rotation, [0, 3, 0], false), 70, 1.3);
    const result = alignToReference(map, reference);
    expect(result.map.shape).toEqual([32, 32, 32]);
    expect(result.map.pixelSizeAngstrom).toBe(2.5);
    expect(degrees(angularDistance(result.rotation, rotation))).toBeLessThan(0.3);
    for (const value of fourierShellCorrelation(result.map, result.reference).fsc.slice(0, 8))
      expect(value).toBeGreaterThan(0.99);
  });
});

describe("maximise", () => {
  it("finds the maximum of a tilted quadratic and of Rosenbrock's valley", () => {
    const quadratic = maximise(
      ([a, b, c]) => -((a! - 1) ** 2 + 4 * (b! + 2 + 0.5 * a!) ** 2 + 2 * (c! - 3) ** 2),
      [0, 0, 0],
      1,
      1e-6,
      2000,
    );
    [1, -2.5, 3].forEach((v, i) => expect(quadratic.x[i]).toBeCloseTo(v, 4));
    const valley = maximise(([x, y]) => -((1 - x!) ** 2 + 100 * (y! - x! * x!) ** 2), [-1.2, 1], 0.5, 1e-7, 2000);
    expect(valley.x[0]).toBeCloseTo(1, 4);
    expect(valley.x[1]).toBeCloseTo(1, 4);
  });
});
