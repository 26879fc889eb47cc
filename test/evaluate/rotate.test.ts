import { describe, expect, it } from "vitest";
import { fourierShellCorrelation } from "../../src/evaluate/fsc.ts";
import { mirrorX, rotateVolume, spectrumToTurn, turnSpectrum } from "../../src/evaluate/rotate.ts";
import { rotationGrid } from "../../src/evaluate/rotationGrid.ts";
import { changeBox } from "../../src/numeric/fourierCrop.ts";
import { angularDistance, axisAngleToMatrix, randomRotation } from "../../src/physics/rotations.ts";
import { createStream } from "../../src/runtime/random.ts";
import { densityOf, moveBlobs, randomBlobs } from "./blobs.ts";

const identity = axisAngleToMatrix([1, 0, 0], 0);

describe("rotateVolume", () => {
  it.each([32, 33])("agrees with the density of rotated and shifted blobs, box %i", (n) => {
    const stream = createStream(11, "rotations");
    for (let trial = 0; trial < 3; trial++) {
      const blobs = randomBlobs(trial, 20, 0.22 * n * 2, 3.5);
      const rotation = randomRotation(stream);
      const shift = [2.6, -4.4, 1.4];
      const truth = densityOf(moveBlobs(blobs, rotation, shift, false), n, 2);
      const result = rotateVolume(densityOf(blobs, n, 2), rotation, [1.3, -2.2, 0.7]);
      const { fsc } = fourierShellCorrelation(result, truth);
      // The amplitude of the blobs falls to a thousandth at shell 11.
      for (const value of fsc.slice(0, 11)) expect(value).toBeGreaterThan(0.995);
      const error = Math.sqrt(
        result.data.reduce((s, v, i) => s + (v - truth.data[i]!) ** 2, 0) / truth.data.reduce((s, v) => s + v * v, 0),
      );
      expect(error).toBeLessThan(0.03);
    }
  });

  it.each([32, 33])("up to a shell is the whole with what lies beyond cut off, box %i", (n) => {
    const map = densityOf(randomBlobs(3, 20, 0.22 * n * 2, 3.5), n, 2),
      rotation = randomRotation(createStream(12, "rotations"));
    const whole = rotateVolume(map, rotation, [1.3, -2.2, 0.7]),
      cut = changeBox({ n, data: whole.data }, n, 9).data,
      part = rotateVolume(map, rotation, [1.3, -2.2, 0.7], 9).data;
    const peak = Math.max(...cut);
    part.forEach((v, i) => expect(Math.abs(v - cut[i]!)).toBeLessThan(1e-6 * peak));
  });
});

describe("turnSpectrum", () => {
  it.each([32, 33])("mirrors first, as mirrorX does, box %i", (n) => {
    const map = densityOf(randomBlobs(6, 20, 0.3 * n, 3.5), n, 2),
      { data: _, ...grid } = map,
      rotation = randomRotation(createStream(13, "rotations")),
      shiftVoxels = [0.6, -1.1, 2.3] as const;
    const turned = turnSpectrum(spectrumToTurn(map), grid, { mirrored: true, rotation, shiftVoxels }).data,
      expected = rotateVolume(mirrorX(map), rotation, shiftVoxels).data,
      peak = Math.max(...expected);
    turned.forEach((v, i) => expect(Math.abs(v - expected[i]!)).toBeLessThan(1e-5 * peak));
  });
});

describe("mirrorX", () => {
  it.each([32, 33])("is the density of mirrored blobs, exactly, box %i", (n) => {
    const blobs = randomBlobs(4, 10, 18, 2);
    const truth = densityOf(moveBlobs(blobs, identity, [0, 0, 0], true), n, 2);
    mirrorX(densityOf(blobs, n, 2)).data.forEach((v, i) => expect(Math.abs(v - truth.data[i]!)).toBeLessThan(1e-4));
  });
});

describe("rotationGrid", () => {
  it("has 8 pi^2 / step^3 rotations and leaves none further than the step from one of them", () => {
    const grid = rotationGrid(20);
    expect(grid).toHaveLength(Math.ceil((8 * Math.PI ** 2) / (Math.PI / 9) ** 3));
    const stream = createStream(1, "covering");
    for (let trial = 0; trial < 300; trial++) {
      const rotation = randomRotation(stream);
      const nearest = Math.min(...grid.map((g) => angularDistance(g, rotation)));
      expect(nearest).toBeLessThan(Math.PI / 9);
    }
  });
});
