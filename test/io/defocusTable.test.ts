import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/base/errors.ts";
import { readDefocusTable } from "../../src/io/defocusTable.ts";
import { disk } from "../../src/io/disk.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-defocus-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(text: string) {
  const path = join(folder, "table.csv");
  await writeFile(path, text);
  return readDefocusTable(disk.at(path));
}

describe("readDefocusTable", () => {
  it("reads the table of real micrographs in data/", async () => {
    const table = await readDefocusTable(disk.at(new URL("../../data/betagal-defocus.csv", import.meta.url).pathname));
    expect(table.length).toBe(1539);
    expect(table[0]!.defocusUAngstrom).toBe(7923.343262);
    expect(table[0]!.defocusVAngstrom).toBe(7857.347168);
    expect(table[0]!.astigmatismAngle).toBeCloseTo(1.150832, 5); // 65.937813 degrees
  });

  it("finds columns by name, in any order, whatever the line ends", async () => {
    const table = await read(
      "\ufeffdefocus_angle_degrees,x, defocus_v_angstrom ,defocus_u_angstrom\r\n180,a,-9000,10000\r\n\r\n",
    );
    expect(table).toEqual([{ defocusUAngstrom: 10_000, defocusVAngstrom: -9000, astigmatismAngle: Math.PI }]);
  });

  const header = "defocus_u_angstrom,defocus_v_angstrom,defocus_angle_degrees";
  it.each([
    ["defocus_u_angstrom,defocus_angle_degrees\n1,2\n", "has no column defocus_v_angstrom"],
    [`${header}\n`, "lists no defocus"],
    [
      `${header}\n9000,9000,0\n9000,,0\n`,
      'line 3: defocus_v_angstrom is ""; it must be between 100 and 100000 Å in size',
    ],
    [`${header}\n1.5,9000,0\n`, 'line 2: defocus_u_angstrom is "1.5"; it must be between 100 and 100000 Å in size'],
    [`${header}\n9000,9000\n`, 'line 2: defocus_angle_degrees is ""; it must be a number'],
  ])("refuses %j", async (text, message) => {
    await expect(read(text)).rejects.toThrow(message);
    await expect(read(text)).rejects.toBeInstanceOf(InputError);
  });

  it("names a file that is not there", async () => {
    await expect(readDefocusTable(disk.at(join(folder, "none.csv")))).rejects.toThrow(
      /none\.csv: no such file or folder/,
    );
  });
});
