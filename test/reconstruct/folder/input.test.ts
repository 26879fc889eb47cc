import { expect, test } from "vitest";
import type { Files } from "../../../src/base/files.ts";
import type { ParticleSet } from "../../../src/base/types.ts";
import { describeInput, inputDifference } from "../../../src/reconstruct/folder/input.ts";

const column = (value: number) => new Float64Array(4).fill(value);
const set: ParticleSet = {
  count: 4,
  source: "p.star",
  stacks: ["/a.mrcs", "/b.mrcs"],
  stackIndex: Int32Array.of(0, 0, 1, 1),
  imageIndex: Int32Array.of(0, 1, 0, 1),
  boxSize: 32,
  pixelSizeAngstrom: 1.5,
  optics: {
    defocusUAngstrom: column(10_000),
    defocusVAngstrom: column(12_000),
    astigmatismAngle: column(0.3),
    phaseShift: column(0),
    voltageKv: column(300),
    sphericalAberrationMm: column(2.7),
    amplitudeContrast: column(0.1),
    bFactorAngstrom2: column(0),
  },
  opticsGroup: new Int32Array(4),
  opticsGroupNames: ["one"],
  randomSubset: Int32Array.of(1, 2, 1, 2),
  where: String,
};

/** Files of 1000 bytes, and when they were written, where that is known. */
const filesOf = (times: Record<string, number>): Files => ({
  at: (path) => ({
    ...({} as ReturnType<Files["at"]>),
    path,
    open: async () => ({ size: 1000, modified: times[path], read: async () => 0, close: async () => {} }),
  }),
  makeFolder: async () => {},
});
const written = { "/a.mrcs": 1000, "/b.mrcs": 2000, "/mask.mrc": 3000, "/views.star": 4000, "/noise.mrcs": 5000 };
const options = { halfMaps: true, mask: "/mask.mrc", viewsFile: "/views.star", noiseBank: "/noise.mrcs" };
const describe = (of: Partial<ParticleSet> = {}, times: Record<string, number> = written, given = options) =>
  describeInput(filesOf(times), { ...set, ...of }, given, { name: "cpu" });

test("the same is the same, also by another path, and where times are not known", async () => {
  const before = await describe();
  expect(before).toMatchObject({ device: "cpu", particles: 4, boxSize: 32, pixelSizeAngstrom: 1.5 });
  expect(before.files.map(({ path, modified }) => [path, modified])).toEqual([
    ["/a.mrcs", "1970-01-01T00:00:01.000Z"],
    ["/b.mrcs", "1970-01-01T00:00:02.000Z"],
    ["/mask.mrc", "1970-01-01T00:00:03.000Z"],
    ["/views.star", "1970-01-01T00:00:04.000Z"],
    ["/noise.mrcs", "1970-01-01T00:00:05.000Z"],
  ]);
  expect(inputDifference(before, await describe())).toBeUndefined();
  expect(inputDifference(before, await describe({}, {}))).toBeUndefined();
  const moved = { ...written, "/elsewhere/a.mrcs": 1000 };
  expect(inputDifference(before, await describe({ stacks: ["/elsewhere/a.mrcs", "/b.mrcs"] }, moved))).toBeUndefined();
});

const advice = "give the particles it began with, or start anew with --overwrite";
test.each<[string, Partial<ParticleSet>]>([
  ["images of 32 px, now they have 48 px", { boxSize: 48 }],
  ["a pixel size of 1.5 Å, now it is 1.6 Å", { pixelSizeAngstrom: 1.6 }],
  ["other images, or with them in another order", { stackIndex: Int32Array.of(0, 1, 0, 1) }],
  ["other images, or with them in another order", { imageIndex: Int32Array.of(0, 1, 0, 2) }],
  [
    "other CTF parameters or signs of contrast",
    { optics: { ...set.optics, defocusVAngstrom: Float64Array.of(12_000, 12_000, 12_000, 12_001) } },
  ],
  ["other CTF parameters or signs of contrast", { optics: { ...set.optics, phaseFlipped: column(1) } }],
  ["other CTF parameters or signs of contrast", { sign: Int8Array.of(1, -1, 1, 1) }],
  ["other half-sets (rlnRandomSubset)", { randomSubset: Int32Array.of(2, 1, 1, 2) }],
])("the run began with %s", async (text, changed) => {
  expect(inputDifference(await describe(), await describe(changed))).toBe(`the run began with ${text}; ${advice}`);
});

test("half-sets tell nothing where no half-maps are made", async () => {
  const whole = { ...options, halfMaps: false };
  const other = { randomSubset: Int32Array.of(2, 1, 1, 2) };
  expect(inputDifference(await describe({}, written, whole), await describe(other, written, whole))).toBeUndefined();
});

test.each(["/b.mrcs", "/mask.mrc", "/views.star"])("%s was written anew", async (path) => {
  expect(inputDifference(await describe(), await describe({}, { ...written, [path]: 9000 }))).toContain(
    `${path} is another file than when the run began (1000 bytes of 1970-01-01T00:00:0`,
  );
});
