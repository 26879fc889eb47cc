import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { StarBlock } from "../../src/io/star.ts";
import { parseStar, writeStar } from "../../src/io/star.ts";
import { formats, inputError } from "./helpers.ts";

function rows(block: StarBlock): string[][] {
  return Array.from({ length: block.rowCount }, (_, row) => block.columns.map((_, column) => block.value(row, column)));
}

function lines(block: StarBlock): number[] {
  return Array.from({ length: block.rowCount }, (_, row) => block.line(row));
}

function formatBlocks(name: string): StarBlock[] {
  return parseStar(readFileSync(join(formats, name), "utf8"), name);
}

function cell(block: StarBlock, row: number, label: string): string {
  return block.value(row, block.columns.indexOf(label));
}

test("comments, label numbers, quotes, tabs, carriage returns and blank lines", () => {
  const text = [
    "# version 30001", // line 1
    "",
    "data_general   # a comment",
    "_rlnA 1 # note",
    "_rlnEmpty ''",
    "_rlnQuoted 'two words'",
    "",
    "data_",
    "loop_ ",
    "_rlnName #1 ",
    "_rlnValue", // line 11
    "# between",
    "  data_1.mrc\t1.5  ",
    "",
    "\"with # and 'single'\" 'it's' # trailing",
    "a#b _2",
    "  ",
    "data_last",
    "loop_",
    "_rlnOnly #1",
    "x", // line 21
    "",
    "",
  ].join("\r\n");
  const blocks = parseStar(text, "x.star");
  expect(blocks.map(({ name, kind, columns, rowCount }) => ({ name, kind, columns, rowCount }))).toEqual([
    { name: "general", kind: "pairs", columns: ["rlnA", "rlnEmpty", "rlnQuoted"], rowCount: 1 },
    { name: "", kind: "loop", columns: ["rlnName", "rlnValue"], rowCount: 3 },
    { name: "last", kind: "loop", columns: ["rlnOnly"], rowCount: 1 },
  ]);
  expect(rows(blocks[0]!)).toEqual([["1", "", "two words"]]);
  expect(rows(blocks[1]!)).toEqual([
    ["data_1.mrc", "1.5"],
    ["with # and 'single'", "it's"],
    ["a#b", "_2"],
  ]);
  expect(lines(blocks[1]!)).toEqual([13, 15, 16]);
  expect(rows(blocks[2]!)).toEqual([["x"]]);
  expect(lines(blocks[2]!)).toEqual([21]);
});

test("a file that ends without a line feed, a byte order mark, and no text at all", () => {
  const [block] = parseStar("\ufeffdata_x\nloop_\n_a\n1\n2", "x.star");
  expect(rows(block!)).toEqual([["1"], ["2"]]);
  expect(parseStar("", "x.star")).toEqual([]);
  expect(parseStar("data_x\nloop_\n_a\n", "x.star")[0]!.rowCount).toBe(0);
});

test.each([
  ["data_p\nloop_\n_a #1\n_b #2\n1 2\n\n3\n", "x.star: row 2 (line 7) of data_p has 1 values, the table has 2 columns"],
  ["data_p\nloop_\n_a\n1 2\n", "x.star: row 1 (line 4) of data_p has 2 values, the table has 1 columns"],
  ["data_p\nloop_\n_a\n1\n'open\n", "x.star: line 5 has a quote that is not closed"],
  ["hello\n", "x.star: line 1 stands before any data_ block; is this a STAR file?"],
  ["data_p\n\nvalue\n", "x.star: line 3 is neither a label (_name) nor part of a loop_"],
  ["data_p\n_a\n", "x.star: line 2: _a needs one value, found 0"],
  ["data_p\nloop_\n_a\n1\nloop_\n", "x.star: line 5: a second table in data_p; give it a data_ block of its own"],
])("%j is refused", async (text, message) => {
  expect(await inputError(() => parseStar(text, "x.star"))).toBe(message);
});

// The expectations below were read off the files in an editor.
test.each([
  ["FinalRefinement-OriginalParticles-PfCRT.star", [["images", 22, 5, 28]]],
  ["empiar_10076_7.star", [["", 10, 7, 14]]],
  [
    "relion31.6opticsgroups.star",
    [
      ["optics", 18, 6, 24],
      ["particles", 23, 139, 58],
    ],
  ],
  [
    "relion31.star",
    [
      ["optics", 9, 1, 16],
      ["particles", 26, 5, 50],
    ],
  ],
  [
    "relion31.v2.star",
    [
      ["particles", 26, 5, 32],
      ["optics", 9, 1, 53],
    ],
  ],
  [
    "relion5.star",
    [
      ["optics", 18, 1, 23],
      ["particles", 26, 17, 54],
    ],
  ],
  ["toy_projections.star", [["images", 9, 1000, 13]]],
])("%s: blocks, columns, rows and the line of the first row", (name, expected) => {
  expect(formatBlocks(name).map((b) => [b.name, b.columns.length, b.rowCount, b.line(0)])).toEqual(expected);
});

test("values of the files", () => {
  const [pfcrt] = formatBlocks("FinalRefinement-OriginalParticles-PfCRT.star");
  expect(cell(pfcrt!, 2, "rlnDefocusV")).toBe("16345.900000");
  expect(cell(pfcrt!, 4, "rlnVoltage")).toBe("300.000000");
  const [optics, particles] = formatBlocks("relion31.6opticsgroups.star");
  expect(cell(optics!, 4, "rlnOddZernike")).toBe(
    "[-0.122672847719,-0.00493892512848,-10.1300509188,0,0,0.380003655589]",
  );
  expect(cell(particles!, 0, "rlnImageName")).toBe("3@Polish/job520/Micrographs/0003_shiny.mrcs");
  expect(cell(particles!, 138, "rlnGroupNumber")).toBe("2695");
  expect(particles!.line(138)).toBe(196);
  const [optics5, particles5] = formatBlocks("relion5.star");
  expect(cell(optics5!, 0, "rlnMagMat01")).toBe("-7.04404e-04");
  expect(cell(particles5!, 16, "rlnImageName")).toBe("6@toy_images_b.mrcs");
  const [toy] = formatBlocks("toy_projections.star");
  expect(cell(toy!, 11, "dummyVariable")).toBe("12");
  expect(cell(toy!, 999, "rlnImageName")).toBe("001000@toy_projections.mrcs");
  expect(toy!.line(999)).toBe(1012);
});

test("writeStar lays a file out as RELION does", () => {
  const text = writeStar([
    { name: "optics", columns: ["rlnOpticsGroup", "rlnOpticsGroupName"], rows: [["1", "two words"]] },
    { name: "particles", columns: ["rlnImageName"], rows: [["000001@a.mrcs"], [""]] },
  ]);
  expect(text).toBe(`
# version 30001

data_optics

loop_ 
_rlnOpticsGroup #1 
_rlnOpticsGroupName #2 
1 "two words"
 

# version 30001

data_particles

loop_ 
_rlnImageName #1 
000001@a.mrcs
""
 
`);
  expect(() => writeStar([{ name: "x", columns: ["a", "b"], rows: [["1"]] }])).toThrow(RangeError);
});

test("a hundred thousand rows keep their values and lines", () => {
  const count = 100_000;
  const text = `data_x\nloop_\n_a\n_b\n${Array.from({ length: count }, (_, i) => `${i}.5 ${i}@s.mrcs`).join("\n")}`;
  const [block] = parseStar(text, "x.star");
  expect(block!.rowCount).toBe(count);
  for (const i of [0, 31, 32, 65_536, count - 1]) {
    expect([block!.value(i, 0), block!.value(i, 1), block!.line(i)]).toEqual([`${i}.5`, `${i}@s.mrcs`, i + 5]);
  }
});
