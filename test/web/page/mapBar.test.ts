/** What the bar under the map tells and hands out. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { chimeraxCommands } from "../../../src/web/page/map/chimerax.ts";
import { enclosedCubicAngstrom, enclosedText } from "../../../src/web/page/map/enclosed.ts";
import { mirrored, readMapGrid } from "../../../src/web/page/map/grid.ts";
import { mapFile } from "../../../src/web/page/map/mapFile.ts";
import { installTestDebs, python, temporaryFolder } from "../../io/helpers.ts";

beforeAll(installTestDebs);

test("a ball encloses its volume, and the mass of that much protein", () => {
  const n = 64,
    radius = 20, // voxels of 1.5 Å
    pixelSizeAngstrom = 1.5;
  const data = Float32Array.from({ length: n ** 3 }, (_, i) => {
    const [x, y, z] = [i % n, Math.floor(i / n) % n, Math.floor(i / n ** 2)];
    return radius - Math.hypot(x - 32, y - 32, z - 32); // 0 at its surface
  });
  const volume = enclosedCubicAngstrom({ data, shape: [n, n, n], pixelSizeAngstrom, originAngstrom: [0, 0, 0] }, 0);
  const exact = (4 / 3) * Math.PI * (radius * pixelSizeAngstrom) ** 3;
  expect(Math.abs(volume / exact - 1)).toBeLessThan(0.005);
  // Lysozyme: 14.3 kDa at 1.35 g/cm³ are 14300 / 6.022e23 / 1.35 cm³.
  expect(enclosedText((14_300 / 6.022e23 / 1.35) * 1e24)).toBe("17.6 nm³, 14.2 kDa of protein");
  expect(enclosedText(5e6)).toBe("5000 nm³, 4.05 MDa of protein");
});

test("commands for ChimeraX name the file, its pixel size, origin, level and colour", () => {
  expect(
    chimeraxCommands({
      file: "half1.mrc",
      map: { pixelSizeAngstrom: Math.fround(1.34), originAngstrom: [-10.5, 0, 3] },
      level: 0.012345678,
      color: 0x07a6c9,
    }),
  ).toBe(
    'open "half1.mrc"\n' +
      "volume #1 voxelSize 1.34 origin -10.5,0,3\n" +
      "volume #1 style surface step 1 level 0.0123457 color #07a6c9\n" +
      "view\n",
  );
});

test("the other hand is saved as mrcfile reads it, where the map lay", async () => {
  const map = {
    data: Float32Array.from({ length: 24 }, (_, i) => i),
    shape: [2, 3, 4] as [number, number, number],
    pixelSizeAngstrom: 1.5,
    originAngstrom: [1, 2, 3] as [number, number, number],
  };
  const grid = await readMapGrid(await mapFile(map, "as it was").arrayBuffer());
  expect(grid).toMatchObject({ shape: map.shape, originAngstrom: map.originAngstrom });
  expect(grid.data).toEqual(map.data);
  const path = join(temporaryFolder(), "mirrored.mrc");
  writeFileSync(path, new Uint8Array(await mapFile(mirrored(grid), "other hand").arrayBuffer()));
  const printed = python(
    `
import sys, mrcfile
assert mrcfile.validate(sys.argv[1])
with mrcfile.open(sys.argv[1]) as f:
    print(f.data[0, 0].tolist(), float(f.voxel_size.x), f.header.origin.tolist())
`,
    path,
  );
  expect(printed.trim().split("\n").at(-1)).toBe("[0.0, 3.0, 2.0, 1.0] 1.5 (1.0, 2.0, 3.0)");
});
