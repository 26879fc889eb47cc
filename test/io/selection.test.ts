import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { disk } from "../../src/io/disk.ts";
import { readParticles, subset, writeParticlesStar } from "../../src/io/particles.ts";
import { formats, inputError, installTestDebs, python, temporaryFolder } from "./helpers.ts";

beforeAll(installTestDebs);

const format = (name: string) => join(formats, name);
const sixGroups = format("relion31.6opticsgroups.star"),
  cs = format("empiar_10076_7.cs"),
  star = format("empiar_10076_7.star");

// Of the 139 particles, as awk counts them, 29 are of group 2 and 26 of group 5; these two have pixels of 1.24 Å, the
// others of 1.25 Å.

test("optics groups by number or name, before the pixel sizes are compared", async () => {
  const set = await readParticles(disk, sixGroups, { opticsGroups: ["2", "opticsGroup4"] });
  expect(set).toMatchObject({ count: 55, pixelSizeAngstrom: 1.24 });
  expect(Object.fromEntries(set.opticsGroupNumbers!.map((number, i) => [number, set.opticsGroupNames[i]]))).toEqual({
    2: "opticsGroup3",
    5: "opticsGroup4",
  });
  expect(set.opticsGroup.filter((group) => set.opticsGroupNumbers![group] === 2)).toHaveLength(29);
  // The first of them stands in row 25, line 82.
  expect(set.where(0)).toBe(`${sixGroups}: row 25 (line 82)`);
  expect(subset(set, Int32Array.of(0)).where(0)).toBe(`${sixGroups}: row 25 (line 82)`);
  expect((await readParticles(disk, sixGroups, { opticsGroups: ["1", "3", "4", "6"] })).count).toBe(84);
  expect(await inputError(() => readParticles(disk, sixGroups, { opticsGroups: ["2", "7"] }))).toBe(
    `${sixGroups} has no particles of optics group 7; it has those of 1 (opticsGroup5), ` +
      "2 (opticsGroup3), 3 (opticsGroup2), 4 (opticsGroup1), 5 (opticsGroup4), 6 (opticsGroup6)",
  );
});

test("cryoSPARC: exposure groups", async () => {
  const folder = temporaryFolder(),
    path = join(folder, "groups.cs");
  python(
    `
import sys, numpy as np
t = np.load(sys.argv[1]); t["ctf/exp_group_id"] = [4, 9, 4, 4, 9, 9, 9]
np.save(open(sys.argv[2], "wb"), t)`,
    cs,
    path,
  );
  const set = await readParticles(disk, path, { opticsGroups: ["9"] }),
    all = await readParticles(disk, path);
  expect([...set.imageIndex]).toEqual([1, 4, 5, 6]);
  expect([...set.optics.defocusUAngstrom]).toEqual([1, 4, 5, 6].map((i) => all.optics.defocusUAngstrom[i]));
  expect([...set.uid!]).toEqual([1, 4, 5, 6].map((i) => all.uid![i]));
  expect(set.where(1)).toBe(`${path}: row 5`);
});

test("classes by their numbers, and what is written has them", async () => {
  const folder = temporaryFolder(),
    path = join(folder, "classes.star"),
    rows = [3, 1, 3, 2].map((number, i) => `${i + 1}@s.mrcs 10000 10000 300 2.7 0.1 1.5 8 ${number}`);
  const labels = [
    "ImageName",
    "DefocusU",
    "DefocusV",
    "Voltage",
    "SphericalAberration",
    "AmplitudeContrast",
    "ImagePixelSize",
    "ImageSize",
  ].map((label) => `_rln${label}`);
  const text = (more: readonly string[], of = rows): string =>
    `data_\n\nloop_\n${[...labels, ...more].join("\n")}\n${of.join("\n")}\n`;
  writeFileSync(path, text(["_rlnClassNumber"]));
  const set = await readParticles(disk, path, { classes: [1, 3] });
  expect([...set.imageIndex]).toEqual([0, 1, 2]);
  expect([...set.classNumber!]).toEqual([3, 1, 3]);
  await writeParticlesStar(disk.at(join(folder, "chosen.star")), set, { columns: { someColumn: [0.5, 0.25, 1] } });
  expect([...(await readParticles(disk, join(folder, "chosen.star"))).classNumber!]).toEqual([3, 1, 3]);
  expect(readFileSync(join(folder, "chosen.star"), "utf8")).toMatch(/_someColumn[\s\S]* 0\.250000/);
  expect(await inputError(() => readParticles(disk, path, { classes: [1, 4] }))).toBe(
    `${path} has no particles of class 4; it has those of 1, 2, 3`,
  );
  writeFileSync(
    path,
    text(
      [],
      rows.map((row) => row.replace(/ \d+$/, "")),
    ),
  );
  expect(await inputError(() => readParticles(disk, path, { classes: [1] }))).toBe(
    `${path} does not tell the classes of its particles (_rlnClassNumber), to choose by --class`,
  );
  writeFileSync(path, text(["_rlnClassNumber"], rows.with(1, rows[1]!.replace(/1$/, "1.5"))));
  expect((await readParticles(disk, path)).warnings).toHaveLength(1);
  expect(await inputError(() => readParticles(disk, path, { classes: [1] }))).toContain(
    "_rlnClassNumber is 1.5; it must be a whole number",
  );
});

test("cryoSPARC: classes", async () => {
  const folder = temporaryFolder(),
    path = join(folder, "classes.cs");
  python(
    `
import sys, numpy as np
from numpy.lib.recfunctions import append_fields
t, classes = np.load(sys.argv[1]), np.array([0, 1, 1, 0, 2, 1, 0], "u4")
np.save(open(sys.argv[2], "wb"), append_fields(t, "alignments3D/class", classes, usemask=False))`,
    cs,
    path,
  );
  expect([...(await readParticles(disk, path, { classes: [1, 2] })).imageIndex]).toEqual([1, 2, 4, 5]);
});

test("particles that a STAR file lists are left out, whatever folder it lies in", async () => {
  const folder = temporaryFolder(),
    beside = join(folder, "particles.star"),
    elsewhere = join(folder, "selection");
  mkdirSync(elsewhere);
  writeFileSync(beside, readFileSync(star));
  writeFileSync(join(folder, "empiar_10076_7.mrc"), "");
  const list = join(elsewhere, "out.star");
  writeFileSync(
    list,
    "data_\n\nloop_\n_rlnImageName\n000002@empiar_10076_7.mrc\n7@empiar_10076_7.mrc\n2@another.mrc\n",
  );
  const set = await readParticles(disk, beside, { boxSize: 320, exclude: list });
  expect([...set.imageIndex]).toEqual([0, 2, 3, 4, 5]);
  expect([...set.optics.defocusUAngstrom]).toEqual([15301.1, 15150.7, 15181.9, 15366.8, 15305]);

  const others = join(folder, "others.star");
  writeFileSync(others, "data_\n\nloop_\n_rlnImageName\n9@empiar_10076_7.mrc\n1@another.mrc\n");
  expect(await inputError(() => readParticles(disk, beside, { boxSize: 320, exclude: others }))).toBe(
    `${others} lists no particle of ${beside}; particles are told by their image (rlnImageName, blob/path) or uid`,
  );
  writeFileSync(others, "data_\n\nloop_\n_rlnImageName\nempiar_10076_7.mrc\n");
  expect(await inputError(() => readParticles(disk, beside, { boxSize: 320, exclude: others }))).toContain(
    `${others}: row 1 (line 5): _rlnImageName is "empiar_10076_7.mrc"`,
  );
  writeFileSync(others, "data_\n\nloop_\n_rlnDefocusU\n1\n");
  expect(await inputError(() => readParticles(disk, beside, { boxSize: 320, exclude: others }))).toContain(
    `${others} has no column _rlnImageName`,
  );
});

test("particles that a .cs file lists are left out: by uid, or by image from a STAR file", async () => {
  const folder = temporaryFolder(),
    uids = join(folder, "uids.cs"),
    images = join(folder, "images.cs");
  python(
    `
import sys, numpy as np
from numpy.lib.recfunctions import repack_fields
t = np.load(sys.argv[1])
np.save(open(sys.argv[2], "wb"), repack_fields(t[["uid", "ctf/df1_A"]][[6, 0, 3]]))
np.save(open(sys.argv[3], "wb"), repack_fields(t[["blob/path", "blob/idx"]][[1, 2]]))`,
    cs,
    uids,
    images,
  );
  expect([...(await readParticles(disk, cs, { exclude: uids })).imageIndex]).toEqual([1, 2, 4, 5]);
  expect([...(await readParticles(disk, cs, { exclude: images })).imageIndex]).toEqual([0, 3, 4, 5, 6]);
  expect([...(await readParticles(disk, star, { boxSize: 320, exclude: images })).imageIndex]).toEqual([0, 3, 4, 5, 6]);
  expect(await inputError(() => readParticles(disk, star, { boxSize: 320, exclude: uids }))).toContain(
    `${uids} lists no particle of ${star}`,
  );
});

test("phase-flipped images are marked, also in a subset", async () => {
  const set = await readParticles(disk, cs, { ctfPhaseFlipped: true });
  expect([...subset(set, Int32Array.of(3, 1)).optics.phaseFlipped!]).toEqual([1, 1]);
  expect((await readParticles(disk, cs)).optics.phaseFlipped).toBeUndefined();
});
