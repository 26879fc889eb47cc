import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { ParticleSet } from "../../src/base/types.ts";
import { eulerAngles } from "../../src/io/cryosparcParticles.ts";
import { disk } from "../../src/io/disk.ts";
import { readParticles, subset, writeParticlesStar } from "../../src/io/particles.ts";
import { parseStar } from "../../src/io/star.ts";
import { formats, inputError, installTestDebs, python, temporaryFolder } from "./helpers.ts";

beforeAll(installTestDebs);

const DEGREE = Math.PI / 180;
const format = (name: string) => join(formats, name);

/** Writes a STAR file whose columns are given as "label value" lines of one row, repeated. */
function starFile(rows: Record<string, string>[], optics?: Record<string, string>[]): string {
  const path = join(temporaryFolder(), "particles.star");
  const loop = (name: string, table: Record<string, string>[]) =>
    [
      `data_${name}`,
      "loop_",
      ...Object.keys(table[0]!).map((label) => `_${label}`),
      ...table.map((row) => Object.values(row).join(" ")),
      "",
      "",
    ].join("\n");
  writeFileSync(path, (optics ? loop("optics", optics) : "") + loop("particles", rows));
  return path;
}

const optics1 = {
  rlnOpticsGroup: "1",
  rlnOpticsGroupName: "g",
  rlnVoltage: "300",
  rlnSphericalAberration: "2.7",
  rlnAmplitudeContrast: "0.1",
  rlnImagePixelSize: "1.5",
  rlnImageSize: "64",
  rlnImageDimensionality: "2",
};
const particle1 = {
  rlnImageName: "1@a.mrcs",
  rlnDefocusU: "12000",
  rlnDefocusV: "11000",
  rlnDefocusAngle: "30",
  rlnOpticsGroup: "1",
};

// The numbers below were read off the files in an editor.

test("RELION 3.1", async () => {
  for (const [name, firstLine] of [
    ["relion31.star", 50],
    ["relion31.v2.star", 32],
  ] as const) {
    const set = await readParticles(disk, format(name));
    expect(set).toMatchObject({ count: 5, boxSize: 256, pixelSizeAngstrom: 2.806, opticsGroupNames: ["opticsGroup1"] });
    expect(set.stacks).toEqual([format("relion31.mrcs")]);
    expect([...set.imageIndex]).toEqual([0, 1, 2, 3, 4]);
    expect([...set.opticsGroup]).toEqual([0, 0, 0, 0, 0]);
    expect(set.optics.defocusUAngstrom[3]).toBe(12506.042289);
    expect(set.optics.defocusVAngstrom[3]).toBe(12243.542289);
    expect(set.optics.astigmatismAngle[0]).toBeCloseTo(-160.39 * DEGREE, 12);
    expect(set.optics.phaseShift[0]).toBe(0);
    expect(set.optics.voltageKv[4]).toBe(300);
    expect(set.optics.sphericalAberrationMm[4]).toBe(0.01);
    expect(set.optics.amplitudeContrast[4]).toBe(0.1);
    expect(set.optics.bFactorAngstrom2[4]).toBe(0);
    expect(set.poses!.rot[3]).toBeCloseTo(160.041375 * DEGREE, 12);
    expect(set.poses!.tilt[3]).toBeCloseTo(85.685244 * DEGREE, 12);
    expect(set.poses!.psi[3]).toBeCloseTo(131.553672 * DEGREE, 12);
    expect(set.poses!.originXAngstrom[3]).toBe(-0.00755);
    expect(set.poses!.originYAngstrom[3]).toBe(-0.3364);
    expect(set.randomSubset).toBeUndefined(); // 1 in all rows: never divided
    expect(set.where(1)).toBe(`${format(name)}: row 2 (line ${firstLine + 1})`);
  }
});

test("RELION 5", async () => {
  const set = await readParticles(disk, format("relion5.star"));
  expect(set).toMatchObject({ count: 17, boxSize: 448, pixelSizeAngstrom: 0.89, opticsGroupNames: ["opticsGroup1"] });
  expect(set.stacks.map((path) => basename(path))).toEqual(["toy_images_a.mrcs", "toy_images_b.mrcs"]);
  expect([...set.stackIndex.subarray(0, 3)]).toEqual([0, 1, 0]);
  expect([...set.imageIndex.subarray(0, 3)]).toEqual([0, 1, 2]);
  expect([set.stackIndex[16], set.imageIndex[16]]).toEqual([1, 5]);
  expect(set.optics.voltageKv[0]).toBe(100);
  expect(set.optics.sphericalAberrationMm[0]).toBe(1.6);
  expect(set.optics.defocusUAngstrom[16]).toBe(11650.680211);
  expect(set.poses!.rot[16]).toBeCloseTo(38.079654 * DEGREE, 12);
  expect(set.poses!.originYAngstrom[16]).toBe(0.846956);
  expect([set.randomSubset![0], set.randomSubset![1], set.randomSubset![16]]).toEqual([1, 2, 1]);
});

test("RELION 3.0: pixel size from the magnification, box from the first stack", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "empiar_10076_7.star");
  writeFileSync(path, readFileSync(format("empiar_10076_7.star")));
  expect(await inputError(() => readParticles(disk, path))).toContain(
    `${path}: row 1 (line 14) names ${join(folder, "empiar_10076_7.mrc")}, ` +
      "which does not exist, and the box size is not in the file",
  );
  python(
    `import sys, numpy as np, mrcfile; mrcfile.write(sys.argv[1], np.zeros((7, 10, 10), "f4"))`,
    join(folder, "empiar_10076_7.mrc"),
  );
  const set = await readParticles(disk, path);
  expect(set).toMatchObject({ count: 7, boxSize: 10, poses: undefined, randomSubset: undefined });
  // 5 µm / 38168; cryoSPARC's file of the same images says 1.3099979
  expect(set.pixelSizeAngstrom).toBeCloseTo(1.309997904, 8);
  expect(set.optics.astigmatismAngle[6]).toBeCloseTo(0.0921533845, 9);
  expect(set.optics.defocusVAngstrom[6]).toBe(14792.7);
  expect(set.optics.amplitudeContrast[0]).toBe(0.07);
  expect((await readParticles(disk, format("empiar_10076_7.star"), { boxSize: 320 })).boxSize).toBe(320);
});

test("RELION 3.0: origins in pixels, amplitude contrast missing", async () => {
  const path = format("FinalRefinement-OriginalParticles-PfCRT.star");
  expect(await inputError(() => readParticles(disk, path, { boxSize: 300 }))).toBe(
    `${path} has no column _rlnAmplitudeContrast, which the CTF needs; add it to the file`,
  );
  // The same file with the column added.
  const text = readFileSync(path, "utf8")
    .replace("_rlnVoltage #22 ", "_rlnVoltage #22 \n_rlnAmplitudeContrast #23 ")
    .replace(/300\.000000 $/gm, "300.000000 0.07");
  const mended = join(temporaryFolder(), "mended.star");
  writeFileSync(mended, text);
  const set = await readParticles(disk, mended, { boxSize: 300 });
  expect(set.pixelSizeAngstrom).toBeCloseTo(1.035, 10);
  expect(set.poses!.originXAngstrom[0]).toBeCloseTo(-0.14063 * 1.035, 10);
  expect(set.poses!.originYAngstrom[4]).toBeCloseTo(0.203125 * 1.035, 10);
  expect([...set.randomSubset!]).toEqual([2, 1, 2, 2, 2]);
});

test("two pixel sizes are refused unless one is given for all", async () => {
  const path = format("relion31.6opticsgroups.star");
  const message = await inputError(() => readParticles(disk, path));
  // The first particles are of group 6 (1.25 Å); line 82 is the first of groups 2 and 5 (1.24 Å).
  expect(message).toBe(
    `${path}: row 25 (line 82): the pixel size is 1.24 Å, that of row 1 is 1.25 Å; ` +
      "rescale the images to one pixel size, select optics groups (--optics-groups), " +
      "or give the pixel size to use for all (--pixel-size)",
  );
  const set = await readParticles(disk, path, { pixelSizeAngstrom: 1.25 });
  expect(set).toMatchObject({ count: 139, boxSize: 196, pixelSizeAngstrom: 1.25 });
  expect(set.opticsGroupNames[set.opticsGroup[0]!]).toBe("opticsGroup6");
  expect(set.opticsGroupNames[set.opticsGroup[138]!]).toBe("opticsGroup1");
  expect(set.optics.sphericalAberrationMm[0]).toBe(2.7);
  expect(set.optics.sphericalAberrationMm[138]).toBe(2.6); // group 4, named opticsGroup1
  expect([...set.opticsGroupNames].sort()).toEqual([1, 2, 3, 4, 5, 6].map((i) => `opticsGroup${i}`));
});

test("zero defocus is refused", async () => {
  const path = format("toy_projections.star");
  expect(await inputError(() => readParticles(disk, path, { pixelSizeAngstrom: 1, boxSize: 30 }))).toBe(
    `${path}: row 1 (line 13): _rlnDefocusU is 0; it must be between 100 and 100000 Å in size`,
  );
});

test("cryoSPARC: the same particles as the STAR file", async () => {
  const cs = await readParticles(disk, format("empiar_10076_7.cs"));
  const star = await readParticles(disk, format("empiar_10076_7.star"), { boxSize: 320 });
  expect(cs).toMatchObject({
    count: 7,
    boxSize: 320,
    stacks: star.stacks,
    poses: undefined,
    opticsGroupNames: ["opticsGroup23"],
  });
  expect([...cs.imageIndex]).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(cs.pixelSizeAngstrom).toBeCloseTo(star.pixelSizeAngstrom, 5);
  for (const key of Object.keys(star.optics) as (keyof typeof star.optics)[]) {
    cs.optics[key]!.forEach((value, i) =>
      expect(Math.abs(value - star.optics[key]![i]!), key).toBeLessThan(1e-6 * (1 + Math.abs(value))),
    );
  }
  expect(cs.where(2)).toBe(`${format("empiar_10076_7.cs")}: row 3`);
});

test("cryoSPARC: a path beginning with > lies in the project", async () => {
  const set = await readParticles(disk, format("cryosparc_J2_particles_exported.cs"), { projectRoot: "/data/P7" });
  expect(set).toMatchObject({
    count: 22,
    boxSize: 300,
    stacks: ["/data/P7/J1/imported/000090334788266266069_18jam15b_0345_ali_DW.mrcs"],
  });
  expect(set.pixelSizeAngstrom).toBeCloseTo(1.345, 6);
  expect(set.optics.defocusUAngstrom[0]).toBeCloseTo(16412.1777, 3);
  expect(set.optics.astigmatismAngle[0]).toBeCloseTo(0.861639, 6);
});

test("cryoSPARC: poses, phase shift and half-sets, from the file or its passthrough", async () => {
  const folder = temporaryFolder();
  python(
    `
import sys, numpy as np
names = "df1_A df2_A df_angle_rad phase_shift_rad accel_kv cs_mm amp_contrast bfactor"
ctf = [("ctf/" + n, "<f4") for n in names.split()]
pose = [("alignments3D/" + n, *kind) for n, *kind in
    [("split", "<u4"), ("shift", "<f4", (2,)), ("pose", "<f4", (3,)), ("psize_A", "<f4")]]
blob = [("uid", "<u8"), ("blob/path", "<U9"), ("blob/idx", "<i8"), ("blob/shape", "<u4", (2,)), ("blob/psize_A", "<f4")]
t = np.zeros(2, dtype=blob + ctf + pose)
t["uid"] = [8, 6]
t["blob/path"] = "im/a.mrcs"; t["blob/idx"] = [4, 3]; t["blob/shape"] = 64; t["blob/psize_A"] = 1.5
t["ctf/df1_A"] = 12000; t["ctf/df2_A"] = 11000; t["ctf/phase_shift_rad"] = 1.5; t["ctf/accel_kv"] = [300, 200]
t["ctf/cs_mm"] = 2.75; t["ctf/amp_contrast"] = 0.125; t["ctf/bfactor"] = 20
t["alignments3D/split"] = [0, 1]; t["alignments3D/shift"] = [[2, -3], [0, 1]]; t["alignments3D/psize_A"] = 3
t["alignments3D/pose"] = [[0, 0, 0.25], [0, 0.5, 0]]
np.save(open(sys.argv[1] + "/all.cs", "wb"), t)
own, rest = [[f[0] for f in fields] for fields in (blob + ctf, pose)]
from numpy.lib.recfunctions import repack_fields
np.save(open(sys.argv[1] + "/own.cs", "wb"), repack_fields(t[own]))
np.save(open(sys.argv[1] + "/rest.cs", "wb"), repack_fields(t[["uid"] + rest][::-1]))
np.save(open(sys.argv[1] + "/noctf.cs", "wb"), repack_fields(t[[f[0] for f in blob]]))
t["ctf/df2_A"][1] = np.nan
np.save(open(sys.argv[1] + "/nan.cs", "wb"), t)
t["ctf/df2_A"] = 9000; t["blob/psize_A"][1] = 1.6
np.save(open(sys.argv[1] + "/pixels.cs", "wb"), t)`,
    folder,
  );
  const all = await readParticles(disk, join(folder, "all.cs"));
  const joined = await readParticles(disk, join(folder, "own.cs"), { passthrough: join(folder, "rest.cs") });
  for (const set of [all, joined]) {
    expect(set).toMatchObject({
      boxSize: 64,
      pixelSizeAngstrom: 1.5,
      opticsGroupNames: ["opticsGroup0", "opticsGroup0_2"],
    });
    expect([...set.opticsGroup]).toEqual([0, 1]);
    expect([...set.imageIndex]).toEqual([4, 3]);
    expect([...set.optics.phaseShift]).toEqual([1.5, 1.5]);
    expect([...set.optics.bFactorAngstrom2]).toEqual([20, 20]);
    expect([...set.randomSubset!]).toEqual([1, 2]);
    expect([...set.poses!.originXAngstrom]).toEqual([6, 0]);
    expect([...set.poses!.originYAngstrom]).toEqual([-9, 3]);
    expect([...set.poses!.psi]).toEqual([0.25, 0]);
    expect(set.poses!.tilt[1]).toBeCloseTo(0.5, 12);
    expect(set.poses!.rot[1]).toBe(0);
  }
  expect((await readParticles(disk, join(folder, "own.cs"))).poses).toBeUndefined();
  expect(await inputError(() => readParticles(disk, join(folder, "noctf.cs")))).toBe(
    `${join(folder, "noctf.cs")} has no field ctf/df1_A; give the passthrough file of the same job`,
  );
  expect(await inputError(() => readParticles(disk, join(folder, "nan.cs")))).toBe(
    `${join(folder, "nan.cs")}: row 2: ctf/df2_A is NaN, which is not a number`,
  );
  expect(await inputError(() => readParticles(disk, join(folder, "pixels.cs")))).toContain(
    `${join(folder, "pixels.cs")}: row 2: blob/psize_A is 1.6`,
  );
});

test("Euler angles of a rotation vector: RELION's matrix is the transpose of exp([v]x)", () => {
  const multiply = (a: number[][], b: number[][]) =>
    a.map((row) => b[0]!.map((_, j) => row.reduce((sum, x, k) => sum + x * b[k]![j]!, 0)));
  for (const v of [
    [0, 0, 0],
    [0, 0, 0.3],
    [0.4, -1.1, 0.7],
    [2, 1, -1.5],
    [-0.3, 0, 0],
    [0, Math.PI, 0],
    [Math.PI, 0, 0],
    [1, 2, 0.5],
  ] as const) {
    const [x, y, z] = v;
    const generator = [
      [0, -z, y],
      [z, 0, -x],
      [-y, x, 0],
    ];
    let term = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ];
    const exponential = term.map((row) => [...row]);
    for (let n = 1; n < 40; n++) {
      term = multiply(term, generator).map((row) => row.map((value) => value / n));
      term.forEach((row, i) =>
        row.forEach((value, j) => {
          exponential[i]![j]! += value;
        }),
      );
    }
    const [rot, tilt, psi] = eulerAngles(x, y, z);
    const [ca, cb, cg] = [Math.cos(rot), Math.cos(tilt), Math.cos(psi)];
    const [sa, sb, sg] = [Math.sin(rot), Math.sin(tilt), Math.sin(psi)];
    // RELION, euler.cpp, Euler_angles2matrix.
    const matrix = [
      [cg * cb * ca - sg * sa, cg * cb * sa + sg * ca, -cg * sb],
      [-sg * cb * ca - cg * sa, -sg * cb * sa + cg * ca, sg * sb],
      [sb * ca, sb * sa, cb],
    ];
    matrix.forEach((row, i) => row.forEach((value, j) => expect(value).toBeCloseTo(exponential[j]![i]!, 9)));
  }
});

test("stacks are found under the project root, the file's folder, then the folders above", async () => {
  const root = temporaryFolder();
  const project = join(root, "project");
  const job = join(project, "Refine3D", "job004");
  mkdirSync(job, { recursive: true });
  const path = join(job, "run_data.star");
  writeFileSync(path, readFileSync(starFile([{ ...particle1, rlnImageName: "1@Extract/a.mrcs" }], [optics1])));
  const stackUnder = async (options = {}) => (await readParticles(disk, path, options)).stacks[0];
  expect(await stackUnder()).toBe(join(job, "Extract/a.mrcs")); // nowhere to be found
  const place = (folder: string) => {
    mkdirSync(join(folder, "Extract"), { recursive: true });
    writeFileSync(join(folder, "Extract/a.mrcs"), "");
    return join(folder, "Extract/a.mrcs");
  };
  const inRoot = place(root);
  expect(await stackUnder()).toBe(inRoot);
  const inProject = place(project);
  expect(await stackUnder()).toBe(inProject);
  const elsewhere = temporaryFolder();
  expect(await stackUnder({ projectRoot: elsewhere })).toBe(inProject);
  const inElsewhere = place(elsewhere);
  expect(await stackUnder({ projectRoot: elsewhere })).toBe(inElsewhere);
  const inJob = place(job);
  expect(await stackUnder()).toBe(inJob);
});

test.each<[string, Record<string, string>, Record<string, string>, string]>([
  [
    "text for a number",
    { rlnDefocusU: "1.2.3" },
    {},
    'row 2 (line 22): _rlnDefocusU is "1.2.3", which is not a number',
  ],
  ["nan", { rlnDefocusAngle: "nan" }, {}, 'row 2 (line 22): _rlnDefocusAngle is "nan", which is not a number'],
  [
    "large defocus",
    { rlnDefocusV: "100001" },
    {},
    "row 2 (line 22): _rlnDefocusV is 100001; it must be between 100 and 100000 Å in size",
  ],
  [
    "micrometres",
    { rlnDefocusU: "1.2" },
    {},
    "row 2 (line 22): _rlnDefocusU is 1.2; it must be between 100 and 100000 Å in size",
  ],
  [
    "image number 0",
    { rlnImageName: "000000@a.mrcs" },
    {},
    'row 2 (line 22): _rlnImageName is "000000@a.mrcs"; it must be like 000001@stack.mrcs',
  ],
  [
    "no image number",
    { rlnImageName: "a.mrcs" },
    {},
    'row 2 (line 22): _rlnImageName is "a.mrcs"; it must be like 000001@stack.mrcs',
  ],
  [
    "unknown group",
    { rlnOpticsGroup: "3" },
    {},
    "row 2 (line 22) names optics group 3, which data_optics does not list",
  ],
  [
    "box sizes",
    { rlnOpticsGroup: "2" },
    { rlnImageSize: "72" },
    "row 2 (line 22): the box size is 72 px, that of row 1 is 64 px; all images need one box size",
  ],
  [
    "voltage",
    { rlnOpticsGroup: "2" },
    { rlnVoltage: "300000" },
    "row 2 (line 22): _rlnVoltage is 300000; it must be between 10 and 2000 kV",
  ],
  [
    "text in the optics table",
    { rlnOpticsGroup: "2" },
    { rlnSphericalAberration: "x" },
    'row 2 (line 12) of data_optics: _rlnSphericalAberration is "x", which is not a number',
  ],
  [
    "tomograms",
    { rlnOpticsGroup: "2" },
    { rlnImageDimensionality: "3" },
    "row 2 (line 22): the image is not two-dimensional; only single-particle images can be used",
  ],
])("%s: the row is named", async (_, particle, optics, message) => {
  const path = starFile(
    [particle1, { ...particle1, ...particle }],
    [optics1, { ...optics1, rlnOpticsGroup: "2", ...optics }],
  );
  expect(await inputError(() => readParticles(disk, path))).toBe(`${path}: ${message}`);
});

test.each([
  ["rlnImageName", "rlnImageName; a STAR file of extracted particles is needed"],
  ["rlnDefocusU", "rlnDefocusU, which the CTF needs; add it to the file"],
  ["rlnDefocusV", "rlnDefocusV, which the CTF needs; add it to the file"],
  ["rlnVoltage", "rlnVoltage, which the CTF needs; add it to the file"],
  ["rlnSphericalAberration", "rlnSphericalAberration, which the CTF needs; add it to the file"],
  ["rlnAmplitudeContrast", "rlnAmplitudeContrast, which the CTF needs; add it to the file"],
  [
    "rlnImagePixelSize",
    "rlnImagePixelSize, nor _rlnDetectorPixelSize with _rlnMagnification; give the pixel size (--pixel-size)",
  ],
])("a file without %s is refused", async (label, message) => {
  const without = (row: Record<string, string>) =>
    Object.fromEntries(Object.entries(row).filter(([key]) => key !== label));
  const path = starFile([without(particle1)], [without(optics1)]);
  expect(await inputError(() => readParticles(disk, path))).toBe(`${path} has no column _${message}`);
});

test("columns with a sensible default may be missing", async () => {
  const { rlnDefocusAngle: _, ...plain } = particle1;
  const round = await readParticles(disk, starFile([{ ...plain, rlnDefocusV: "12000" }], [optics1]));
  expect([round.optics.astigmatismAngle[0], round.optics.phaseShift[0], round.optics.bFactorAngstrom2[0]]).toEqual([
    0, 0, 0,
  ]);
  const path = starFile([plain], [optics1]);
  expect(await inputError(() => readParticles(disk, path))).toBe(
    `${path}: row 1 (line 19) has different defocus U and V, but the file has no column _rlnDefocusAngle; add it`,
  );
  // Values in the particle table go before those of the optics table.
  const mixed = await readParticles(
    disk,
    starFile(
      [
        { ...particle1, rlnVoltage: "200", rlnPhaseShift: "90", rlnCtfBfactor: "50" },
        { ...particle1, rlnVoltage: "300", rlnPhaseShift: "0", rlnCtfBfactor: "0" },
      ],
      [optics1],
    ),
  );
  expect([...mixed.optics.voltageKv]).toEqual([200, 300]);
  expect(mixed.opticsGroupNames).toEqual(["g", "g_2"]);
  expect(mixed.optics.phaseShift[0]).toBeCloseTo(Math.PI / 2, 12);
  expect(mixed.optics.bFactorAngstrom2[0]).toBe(50);
});

test("empty, missing and premultiplied", async () => {
  const none = join(temporaryFolder(), "none.star");
  expect(await inputError(() => readParticles(disk, none))).toBe(`cannot read ${none}: no such file or folder`);
  writeFileSync(none, "data_particles\nloop_\n_rlnImageName #1\n\n");
  expect(await inputError(() => readParticles(disk, none))).toBe(`${none} lists no particles`);
  const path = starFile([particle1], [{ ...optics1, rlnCtfDataAreCtfPremultiplied: "1" }]);
  expect(await inputError(() => readParticles(disk, path))).toContain("premultiplied by its CTF");
});

/** Two particles of two groups in a stack beside the STAR file and one elsewhere. */
function writtenSet(folder: string): ParticleSet {
  return {
    count: 3,
    source: "made",
    stacks: [join(folder, "images", "a.mrcs"), "/elsewhere/b.mrcs"],
    stackIndex: Int32Array.of(0, 1, 0),
    imageIndex: Int32Array.of(0, 41, 1234566),
    boxSize: 64,
    pixelSizeAngstrom: 1.25,
    optics: {
      defocusUAngstrom: Float64Array.of(12000.5, 13000, 14000),
      defocusVAngstrom: Float64Array.of(11000, 12000, 13000),
      astigmatismAngle: Float64Array.of(0.5, -1, 0),
      phaseShift: Float64Array.of(0, 0, 0),
      voltageKv: Float64Array.of(300, 200, 300),
      sphericalAberrationMm: Float64Array.of(2.7, 2, 2.7),
      amplitudeContrast: Float64Array.of(0.1, 0.07, 0.1),
      bFactorAngstrom2: Float64Array.of(0, 0, 0),
    },
    opticsGroup: Int32Array.of(0, 1, 0),
    opticsGroupNames: ["first", "second"],
    poses: {
      rot: Float64Array.of(1, 2, 3),
      tilt: Float64Array.of(0.5, 1, 1.5),
      psi: Float64Array.of(-1, -2, -3),
      originXAngstrom: Float64Array.of(0.25, -1, 2),
      originYAngstrom: Float64Array.of(0, 1, -2),
    },
    where: (i) => `made: row ${i + 1}`,
  };
}

test("writeParticlesStar writes RELION 3.1's tables", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "particles.star");
  await writeParticlesStar(disk.at(path), writtenSet(folder));
  expect(readFileSync(path, "utf8")).toBe(`
# version 30001

data_optics

loop_ 
_rlnOpticsGroup #1 
_rlnOpticsGroupName #2 
_rlnVoltage #3 
_rlnSphericalAberration #4 
_rlnAmplitudeContrast #5 
_rlnImagePixelSize #6 
_rlnImageSize #7 
_rlnImageDimensionality #8 
1 first 300.000000 2.700000 0.100000 1.250000 64 2
2 second 200.000000 2.000000 0.070000 1.250000 64 2
 

# version 30001

data_particles

loop_ 
_rlnImageName #1 
_rlnMicrographName #2 
_rlnOpticsGroup #3 
_rlnDefocusU #4 
_rlnDefocusV #5 
_rlnDefocusAngle #6 
000001@images/a.mrcs a.mrc 1 12000.500000 11000.000000 28.647890
000042@/elsewhere/b.mrcs b.mrc 2 13000.000000 12000.000000 -57.295780
1234567@images/a.mrcs a.mrc 1 14000.000000 13000.000000 0.000000
 
`);
});

test("written particles read back, poses and all", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "particles.star");
  const set = writtenSet(folder);
  set.optics.phaseShift[1] = Math.PI / 2;
  set.randomSubset = Int32Array.of(1, 2, 1);
  await writeParticlesStar(disk.at(path), set, { poses: true });
  const block = parseStar(readFileSync(path, "utf8"), path)[1]!;
  const written = (label: string, row: number) => block.value(row, block.columns.indexOf(label));
  expect(written("rlnAngleRot", 0)).toBe("57.295780");
  expect(written("rlnPhaseShift", 1)).toBe("90.000000");
  expect(written("rlnOriginXAngst", 1)).toBe("-1.000000");
  const read = await readParticles(disk, path);
  for (const key of [
    "count",
    "stacks",
    "stackIndex",
    "imageIndex",
    "boxSize",
    "pixelSizeAngstrom",
    "opticsGroup",
    "opticsGroupNames",
    "randomSubset",
  ] as const) {
    expect(read[key], key).toEqual(set[key]);
  }
  for (const [mine, its] of [
    [set.optics, read.optics],
    [set.poses!, read.poses!],
  ] as unknown as Record<string, Float64Array>[][]) {
    for (const key of Object.keys(mine!))
      mine![key]!.forEach((value, i) => expect(its![key]![i], key).toBeCloseTo(value, 6));
  }
  await expect(writeParticlesStar(disk.at(path), { ...set, poses: undefined }, { poses: true })).rejects.toThrow(
    "no poses",
  );
  set.optics.voltageKv[2] = 120;
  await expect(writeParticlesStar(disk.at(path), set)).rejects.toThrow(
    "particles of optics group first differ in voltageKv",
  );
});

test("a subset keeps rows, order and everything known of each particle", async () => {
  const whole = await readParticles(disk, format("relion5.star"));
  const part = subset(whole, Int32Array.of(16, 1, 1));
  expect(part.count).toBe(3);
  expect([part.where(0), part.where(1)]).toEqual([
    `${whole.source}: row 17 (line 70)`,
    `${whole.source}: row 2 (line 55)`,
  ]);
  expect([...part.imageIndex]).toEqual([5, 1, 1]);
  expect([...part.optics.defocusUAngstrom]).toEqual([11650.680211, 11963.504884, 11963.504884]);
  expect(part.poses!.originXAngstrom[0]).toBe(1.259694);
  expect([...part.randomSubset!]).toEqual([1, 2, 2]);
  expect(subset(part, Int32Array.of(1)).where(0)).toBe(`${whole.source}: row 2 (line 55)`);
  expect(() => subset(whole, Int32Array.of(17))).toThrow(RangeError);
  expect(dirname(part.stacks[0]!)).toBe(resolve(formats));
});

test("micrograph names are kept, in files that are written too", async () => {
  const rows = ["m2.mrc", "m1.mrc", "m2.mrc"].map((name, i) => ({
    ...particle1,
    rlnImageName: `${i + 1}@a.mrcs`,
    rlnMicrographName: `Micrographs/${name}`,
  }));
  const set = subset(await readParticles(disk, starFile(rows, [optics1])), Int32Array.of(2, 1));
  const path = join(temporaryFolder(), "written.star");
  await writeParticlesStar(disk.at(path), set, { stackNamesFrom: null });
  const block = parseStar(readFileSync(path, "utf8"), path).find(({ name }) => name === "particles")!;
  const column = (label: string) => [0, 1].map((row) => block.value(row, block.columns.indexOf(label)));
  expect(column("rlnMicrographName")).toEqual(["Micrographs/m2.mrc", "Micrographs/m1.mrc"]);
  expect(column("rlnImageName")).toEqual([`000003@${set.stacks[0]}`, `000002@${set.stacks[0]}`]);
  expect(set.stacks[0]!.startsWith("/")).toBe(true);
});
