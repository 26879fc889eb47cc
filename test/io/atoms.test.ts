import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/base/errors.ts";
import { readAtoms } from "../../src/io/atoms.ts";
import { disk } from "../../src/io/disk.ts";

const model = new URL("../../data/5a1a.cif.gz", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "atoms-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const pdbLines = [
  "HEADER    TEST",
  "REMARK   1 NOTHING",
  "MODEL        1",
  "ATOM      1  N   MET A   1      93.288 158.598  84.748  1.00 30.00           N  ",
  "ATOM      2  CA AMET A   1     -92.460 157.403  84.859  0.60 25.50           C  ",
  "ATOM      3  CA BMET A   1     -92.560 157.403  84.859  0.40 25.50           C  ",
  "TER       4      MET A   1",
  "HETATM    5 CA    CA A   2       1.000   2.000  -3.000  1.00 12.00          CA  ",
  "HETATM    6  O   HOH A   3       4.000   5.000   6.500  1.00 40.00           O  ",
  "ENDMDL",
  "MODEL        2",
  "ATOM      1  N   MET A   1       0.000   0.000   0.000  1.00 30.00           N  ",
  "ENDMDL",
  "END",
];

describe("mmCIF", () => {
  it("gives the atoms of 5A1A as the file's own lines have them", async () => {
    const atoms = await readAtoms(disk.at(model));
    const lines = gunzipSync(readFileSync(model))
      .toString()
      .split("\n")
      .filter((line) => /^(ATOM|HETATM) /.test(line))
      .map((line) => line.split(/\s+/));
    // Counted with zcat, grep and awk.
    expect(atoms.count).toBe(33696);
    const perElement: Record<string, number> = {};
    for (const element of atoms.element) perElement[element] = (perElement[element] ?? 0) + 1;
    expect(perElement).toEqual({ C: 20816, N: 5808, O: 6896, S: 160, Mg: 8, Na: 8 });

    expect(lines.length).toBe(33696);
    const column = (index: number) => Float64Array.from(lines, (fields) => Number(fields[index]));
    expect(atoms.x).toEqual(column(10));
    expect(atoms.y).toEqual(column(11));
    expect(atoms.z).toEqual(column(12));
    expect(atoms.occupancy).toEqual(column(13));
    expect(atoms.bFactorAngstrom2).toEqual(column(14));
    expect([atoms.x[0], atoms.y[0], atoms.z[0]]).toEqual([93.288, 158.598, 84.748]);
  });

  it("takes the first model only, defaults for what is unknown, and charges off symbols", async () => {
    const path = file(
      "models.cif",
      `# a comment
data_x
loop_
_atom_site.type_symbol
_atom_site.Cartn_x
_atom_site.Cartn_y
_atom_site.Cartn_z
_atom_site.occupancy
_atom_site.B_iso_or_equiv
_atom_site.pdbx_PDB_model_num
C 1.5 -2 3e1 0.5 10 1
ZN2+ 1 2 3 . ? 1
C 9 9 9 1 10 2
`,
    );
    const atoms = await readAtoms(disk.at(path));
    expect(atoms).toEqual({
      count: 2,
      source: path,
      x: Float64Array.of(1.5, 1),
      y: Float64Array.of(-2, 2),
      z: Float64Array.of(30, 3),
      element: ["C", "Zn"],
      occupancy: Float64Array.of(0.5, 1),
      bFactorAngstrom2: Float64Array.of(10, 0),
    });
  });
});

describe("PDB", () => {
  it.each(["plain", "gzipped"])(
    "gives all atoms of the first model, %s, calcium told from an alpha carbon",
    async (kind) => {
      const text = `${pdbLines.join("\n")}\n`;
      const atoms = await readAtoms(disk.at(kind === "plain" ? file("a.pdb", text) : file("a.ent.gz", gzipSync(text))));
      expect(atoms.count).toBe(5);
      expect(atoms.element).toEqual(["N", "C", "C", "Ca", "O"]);
      expect([...atoms.x]).toEqual([93.288, -92.46, -92.56, 1, 4]);
      expect([...atoms.y]).toEqual([158.598, 157.403, 157.403, 2, 5]);
      expect([...atoms.z]).toEqual([84.748, 84.859, 84.859, -3, 6.5]);
      expect([...atoms.occupancy]).toEqual([1, 0.6, 0.4, 1, 1]);
      expect([...atoms.bFactorAngstrom2]).toEqual([30, 25.5, 25.5, 12, 40]);
    },
  );
});

describe("a file that holds no model", () => {
  const refuses = async (path: string, message: RegExp) => {
    await expect(readAtoms(disk.at(path))).rejects.toThrow(InputError);
    await expect(readAtoms(disk.at(path))).rejects.toThrow(message);
    await expect(readAtoms(disk.at(path))).rejects.toThrow(path);
  };

  it("is refused with the file's name and the reason", async () => {
    await refuses(join(folder, "absent.cif"), /cannot read .*: no such file or folder/);
    await refuses(file("text.cif", "hello\nworld\n"), /neither an mmCIF nor a PDB/);
    await refuses(file("empty.pdb", ""), /neither an mmCIF nor a PDB/);
    await refuses(file("header.pdb", "HEADER    X\nREMARK   2\nEND\n"), /holds no atoms/);
    await refuses(file("noatoms.cif", "data_x\n_cell.length_a 5\n"), /holds no atoms/);
    await refuses(file("map.mrc", Buffer.alloc(2000)), /neither an mmCIF nor a PDB/);
  });

  it("is refused when the gzip data ends early", async () => {
    await refuses(file("short.cif.gz", readFileSync(model).subarray(0, 100000)), /cut short or damaged/);
  });

  it("is refused at the atom whose coordinate is missing or no number", async () => {
    const cif = (x: string) =>
      "data_x\nloop_\n_atom_site.type_symbol\n_atom_site.Cartn_x\n_atom_site.Cartn_y\n_atom_site.Cartn_z\nC " +
      `1 2 3\nC ${x} 2 3\n`;
    await refuses(file("missing.cif", cif("?")), /atom 2: Cartn_x is missing/);
    await refuses(file("word.cif", cif("abc")), /atom 2: Cartn_x is "abc", not a number/);
    await refuses(
      file("columns.cif", "data_x\nloop_\n_atom_site.type_symbol\n_atom_site.Cartn_x\nC 1\n"),
      /no Cartn_y column/,
    );
    await refuses(
      file("stars.pdb", pdbLines.map((line) => line.replace("158.598", "*******")).join("\n")),
      /atom 1: Cartn_y is "\*{7}", not a number/,
    );
  });
});
