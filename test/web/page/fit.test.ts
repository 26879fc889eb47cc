/** What is dropped is fitted to the map: found back where it is known to lie. */
import { describe, expect, test } from "vitest";
import type { Volume } from "../../../src/base/types.ts";
import { axisAngleToMatrix } from "../../../src/physics/rotations.ts";
import { fitOnto } from "../../../src/web/page/fit/fitted.ts";
import { isMapFile } from "../../../src/web/page/fit/names.ts";
import { placementIn } from "../../../src/web/page/fit/placement.ts";
import { mapFile } from "../../../src/web/page/map/mapFile.ts";
import { densityOf, moveBlobs, randomBlobs } from "../../evaluate/blobs.ts";

const rotation = axisAngleToMatrix([1, 2, 3], 2),
  shift = [4, -3, 2];

/** Density of atoms, Å from the centre of a box of 32 voxels of 3 Å that lies elsewhere in its file. */
const densityAt = (places: readonly [number, number, number][]): Volume => ({
  ...densityOf(
    places.map((centreAngstrom) => ({ centreAngstrom, sigmaAngstrom: 3, height: 1 })),
    32,
    3,
  ),
  originAngstrom: [7, 7, 7],
});

const turn = ([x, y, z]: readonly number[]): [number, number, number] =>
  [0, 3, 6].map((row, i) => rotation[row]! * x! + rotation[row + 1]! * y! + rotation[row + 2]! * z! + shift[i]!) as [
    number,
    number,
    number,
  ];

describe("a fit", () => {
  test("finds rotation, shift and hand of a dropped map, and tells how far it is", async () => {
    const blobs = randomBlobs(7, 25, 14, 3.5);
    const moved = densityOf(moveBlobs(blobs, rotation, shift, true), 32, 2);
    const file = new File([mapFile(densityOf(blobs, 32, 2), "to be fitted")], "other.mrc");
    const told: number[] = [];
    const { report, map } = await fitOnto(moved, file, (_, done) => told.push(done));
    expect(report.alignment!.mirrored).toBe(true);
    report.alignment!.shiftAngstrom.forEach((value, i) => expect(Math.abs(value - shift[i]!)).toBeLessThan(0.3));
    report.alignment!.rotation.flat().forEach((value, i) => expect(Math.abs(value - rotation[i]!)).toBeLessThan(0.02));
    expect(report.correlation).toBeGreaterThan(0.98);
    expect(report.fsc.fsc.slice(0, 6).every((value) => value > 0.99)).toBe(true);
    expect(map!.shape).toEqual(moved.shape);
    expect(told.length).toBeGreaterThan(20);
    expect(told.every((done) => done >= 0 && done < 1)).toBe(true);
  });

  // Atoms of a lopsided spiral, in a file far from the box.
  const atoms = Array.from({ length: 60 }, (_, i) => [
    0.35 * i * Math.cos(0.5 * i) + 100,
    0.35 * i * Math.sin(0.5 * i) - 50,
    0.9 * i - 20,
  ]);
  const pdb = new File(
    atoms.map(
      (place, i) =>
        `ATOM  ${String(i + 1).padStart(5)}  CA  ALA A${String(i + 1).padStart(4)}    ` +
        `${place.map((value) => value.toFixed(3).padStart(8)).join("")}  1.00  0.00           C\n`,
    ),
    "spiral.pdb",
  );
  const middle = [0, 1, 2].map((axis) => atoms.reduce((sum, place) => sum + place[axis]!, 0) / atoms.length);
  const truth = atoms.map((place) => turn(place.map((value, axis) => value - middle[axis]!)));

  test.each([false, true])("brings the atoms of a model onto the map, mirrored: %s", async (mirrored) => {
    const map = densityAt(mirrored ? truth.map(([x, y, z]) => [-x, y, z]) : truth);
    const fitted = await fitOnto(map, pdb, () => {});
    expect(fitted.report.alignment!.mirrored).toBe(mirrored);
    const { placement, centreAngstrom } = placementIn(fitted, mirrored);
    // On the map in the hand that fits, every atom lies where it was put.
    atoms.forEach((place, i) => {
      const from = place.map((value, axis) => value - centreAngstrom[axis]!);
      [0, 1, 2].forEach((row) => {
        const found =
          [0, 1, 2].reduce((sum, column) => sum + placement.rotation[3 * row + column]! * from[column]!, 0) +
          placement.shiftAngstrom[row]!;
        expect(Math.abs(found - truth[i]![row]!)).toBeLessThan(1);
      });
    });
  });

  test("of what is neither says why not", async () => {
    const map = densityAt(truth);
    await expect(fitOnto(map, new File(["Dear colleague,\n"], "letter.pdb"), () => {})).rejects.toThrow(
      "letter.pdb: neither an mmCIF nor a PDB coordinate file",
    );
    await expect(fitOnto(map, new File(["Dear colleague,\n"], "letter.mrc"), () => {})).rejects.toThrow("letter.mrc");
  });

  test("tells maps by their names", () => {
    expect(["a.mrc", "emd_1.map.gz", "B.CCP4", "a.pdb", "a.cif.gz", "map"].map(isMapFile)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
