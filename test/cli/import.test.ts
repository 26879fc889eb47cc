/** cryoSPARC job folders as cryoSPARC lays them out, written by numpy; what comes out is read by RELION and mrcfile. */
import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { installTestDebs, python, temporaryFolder } from "../io/helpers.ts";
import { cryogan } from "./run.ts";

let project: string;
const at = (...names: string[]) => join(project, ...names);

/**
 * A project: J1 holds two stacks of 16 px, one of them a link; J2 extracted them, J3 selected 20 of 24 by 2D classes,
 * J4 is an ab-initio job of two classes. Fields as cryosparc-tools documents them.
 */
const makeProject = `
import sys, os, json, numpy as np, mrcfile
from numpy.lib.recfunctions import repack_fields
root = sys.argv[1]
random = np.random.default_rng(1)
for job in ("J1/imported", "J2", "J3", "J4"): os.makedirs(f"{root}/{job}")
for name, count in (("a", 10), ("b", 14)):
    with mrcfile.new(f"{root}/J1/imported/{name}.mrc" if name == "a" else f"{root}/b_far_away.mrc") as m:
        m.set_data(random.normal(size=(count, 16, 16)).astype("f4")); m.set_image_stack(); m.voxel_size = 2.5
os.symlink(f"{root}/b_far_away.mrc", f"{root}/J1/imported/b.mrc")
def columns(group, *rest): return [(f"{group}/{name}", *kind) for name, *kind in rest]
def floats(group, words): return columns(group, *((word, "<f4") for word in words.split()))
blob = [("uid", "<u8")]
blob += columns("blob", ("path", "S40"), ("idx", "<u4"), ("shape", "<u4", (2,)), ("import_sig", "<u8"))
blob += floats("blob", "psize_A sign")
ctf = columns("ctf", ("type", "S6"), ("exp_group_id", "<u4"))
ctf += floats("ctf", "accel_kv cs_mm amp_contrast df1_A df2_A df_angle_rad phase_shift_rad bfactor")
location = columns("location", ("micrograph_path", "S60"), ("micrograph_shape", "<u4", (2,)))
location += floats("location", "center_x_frac center_y_frac")
pose = columns("alignments3D", ("split", "<u4"), ("shift", "<f4", (2,)), ("pose", "<f4", (3,)), ("psize_A", "<f4"))
t = np.zeros(24, dtype=blob + ctf + location + pose)
t["uid"] = random.permutation(24).astype("u8") + np.uint64(2**63)
t["blob/path"] = [b">J1/imported/a.mrc"] * 10 + [b"J1/imported/b.mrc"] * 14
t["blob/idx"] = list(range(10)) + list(range(14)); t["blob/shape"] = 16; t["blob/psize_A"] = 2.5; t["blob/sign"] = -1
t["ctf/exp_group_id"] = [3] * 10 + [7] * 14
t["ctf/accel_kv"] = 300; t["ctf/cs_mm"] = 2.5; t["ctf/amp_contrast"] = 0.125
t["ctf/df1_A"] = 15000 + 100 * np.arange(24); t["ctf/df2_A"] = 14000; t["ctf/df_angle_rad"] = np.pi / 6
t["location/micrograph_path"] = [b"J1/motioncorrected/m1.mrc"] * 10 + [b"J1/motioncorrected/m2.mrc"] * 14
t["alignments3D/pose"][:, 2] = 0.5; t["alignments3D/shift"] = [1, -2]; t["alignments3D/psize_A"] = 2.5
names = lambda fields: [f[0] for f in fields]
def save(path, rows, fields):
    kept = ["uid"] + [n for n in names(fields) if n != "uid"]
    with open(f"{root}/{path}", "wb") as f: np.save(f, repack_fields(t[rows][kept]))
def output(kind, group, files, passthrough, **more):
    return {"type": kind, "group_name": group, "metafiles": files, "passthrough": passthrough, **more}
def result(group, name, files, passthrough):
    return output(f"particle.{name}", group, files, passthrough, uid="R", name=name)
every = np.arange(24); some = every[::-1][:20]; rest = every[::-1][20:]
save("J2/extracted_particles.cs", every, blob); save("J2/J2_passthrough_particles.cs", every[::-1], ctf + location)
save("J2/incomplete_particles.cs", rest, blob)
json.dump({"uid": "J2", "type": "extract_micrographs_multi", "output_results": [
    result("particles", "blob", ["J2/extracted_particles.cs"], False),
    result("particles", "ctf", ["J2/J2_passthrough_particles.cs"], True),
    result("incomplete_particles", "blob", ["J2/incomplete_particles.cs"], False),
    output("exposure.micrograph_blob", "micrographs", ["J2/m.cs"], False),
]}, open(f"{root}/J2/job.json", "w"))
for group, rows in (("selected", some), ("excluded", rest)):
    save(f"J3/particles_{group}.cs", rows, blob)
    save(f"J3/J3_passthrough_particles_{group}.cs", rows[::-1], ctf + location)
for c in (0, 1):
    save(f"J4/J4_class_0{c}_00100_particles.cs", rest, blob + pose)
    save(f"J4/J4_class_0{c}_final_particles.cs", every[c::2], blob + pose)
    save(f"J4/J4_passthrough_particles_class_{c}.cs", every[c::2], ctf + location)
save("J4/J4_passthrough_particles_all_classes.cs", every, ctf + location)
twice = every[:12].repeat(2); save("J3/twice.cs", twice, ctf + location)
classes = [output for c in (0, 1) for output in (
    result(f"particles_class_{c}", "blob", [f"J4/J4_class_0{c}_{at}_particles.cs" for at in ("00100", "final")], False),
    result(f"particles_class_{c}", "pick_stats", [], True),
    result(f"particles_class_{c}", "ctf", [f"J4/J4_passthrough_particles_class_{c}.cs"], True),
)]
together = result("particles_all_classes", "ctf", ["J4/J4_passthrough_particles_all_classes.cs"], True)
job = {"uid": "J4", "type": "homo_abinit", "output_results": classes + [together]}
json.dump(job, open(f"{root}/J4/job.json", "w"))
`;

beforeAll(() => {
  installTestDebs();
  execFileSync(fileURLToPath(new URL("../../scripts/install-relion.sh", import.meta.url)), { stdio: "pipe" });
  project = temporaryFolder();
  python(makeProject, project);
  return () => rmSync(project, { recursive: true });
});

/** Columns of the particle table as RELION's own script prints them. */
function printed(star: string, ...columns: string[]): string[][] {
  return execFileSync("relion_star_printtable", [star, "data_particles", ...columns], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
}

/**
 * Largest difference between RELION's stack of all particles of the STAR file and the images that mrcfile reads, named
 * as "a 0".
 */
function relionsImagesDiffer(star: string, images: readonly string[]): number {
  execFileSync("relion_stack_create", ["--i", star, "--o", at("joined")], { stdio: "pipe" });
  return Number(
    python(
      `
import sys, mrcfile, numpy as np
stacks = {n: mrcfile.read(f"{sys.argv[1]}/J1/imported/{n}.mrc") for n in "ab"}
ours = mrcfile.read(f"{sys.argv[1]}/joined.mrcs")
theirs = np.array([stacks[w.split()[0]][int(w.split()[1])] for w in sys.argv[2:]])
print(np.abs(ours - theirs).max() if ours.shape == theirs.shape else np.inf)`,
      project,
      ...images,
    ),
  );
}

const everyImage = Array.from({ length: 24 }, (_, i) => (i < 10 ? `a ${i}` : `b ${i - 10}`));

test("an extract job: the files that job.json names, joined by uid, with stacks that RELION reads", async () => {
  const out = at("j2.star");
  const { code, stdout } = await cryogan("import", at("J2"), "--out", out, "--json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    particles: 24,
    boxSize: 16,
    pixelSizeAngstrom: 2.5,
    stacks: 2,
    micrographs: 2,
    poses: false,
    halfSets: false,
    opticsGroups: [
      { name: "opticsGroup3", particles: 10 },
      { name: "opticsGroup7", particles: 14 },
    ],
    files: {
      particles: at("J2/extracted_particles.cs"),
      passthrough: at("J2/J2_passthrough_particles.cs"),
      star: out,
      links: at("j2_stacks"),
    },
  });
  const rows = printed(out, "rlnDefocusU", "rlnDefocusV", "rlnDefocusAngle", "rlnOpticsGroup", "rlnMicrographName");
  expect(rows.map((row) => Number(row[0]))).toEqual(Array.from({ length: 24 }, (_, i) => 15000 + 100 * i));
  for (const [i, row] of rows.entries()) {
    expect([Number(row[1]), Number(row[3]), row[4]]).toEqual([
      14000,
      i < 10 ? 1 : 2,
      `J1/motioncorrected/m${i < 10 ? 1 : 2}.mrc`,
    ]);
    expect(Number(row[2])).toBeCloseTo(30, 4);
  }
  expect(lstatSync(at("j2_stacks/a.mrcs")).isSymbolicLink()).toBe(true);
  expect(relionsImagesDiffer(out, everyImage)).toBe(0);
});

test("a job without job.json: the selected particles, by their names", async () => {
  const out = at("j3.star");
  const { stdout } = await cryogan("import", at("J3"), "--out", out, "--json");
  expect(JSON.parse(stdout)).toMatchObject({
    particles: 20,
    files: { particles: at("J3/particles_selected.cs"), passthrough: at("J3/J3_passthrough_particles_selected.cs") },
  });
  expect(printed(out, "rlnDefocusU").map(([u]) => Number(u))).toEqual(
    Array.from({ length: 20 }, (_, i) => 15000 + 100 * (23 - i)),
  );
  expect(relionsImagesDiffer(out, everyImage.toReversed().slice(0, 20))).toBe(0);
});

test("an ab-initio job of two classes asks which, takes the last iteration, and gives its poses", async () => {
  const asked = await cryogan("import", at("J4"), "--out", at("j4.star"));
  expect(asked.code).toBe(1);
  expect(asked.stderr).toBe(
    `error: ${at("J4")} has several sets of particles (J4_class_00_final_particles.cs, ` +
      "J4_class_01_final_particles.cs, " +
      "J4_passthrough_particles_all_classes.cs); choose one with --particles-file\n",
  );
  const { stdout } = await cryogan(
    "import",
    at("J4"),
    "--out",
    at("j4.star"),
    "--particles-file",
    "J4_class_01_final_particles.cs",
  );
  expect(stdout).toContain("12 of 16 px, 2.5 Å per pixel, in 2 stacks");
  expect(stdout).toContain("J4_passthrough_particles_class_1.cs");
  // A turn about z by 0.5, and (1, -2) pixels; all in set 0: no half-sets.
  const [row] = printed(at("j4.star"), "rlnAngleTilt", "rlnAnglePsi", "rlnOriginXAngst", "rlnOriginYAngst");
  expect(row!.map(Number).map((x) => x.toFixed(3))).toEqual([
    "0.000",
    ((0.5 * 180) / Math.PI).toFixed(3),
    "2.500",
    "-5.000",
  ]);
  expect(readFileSync(at("j4.star"), "utf8")).not.toContain("rlnRandomSubset");
  // Without job.json the names tell the same.
  rmSync(at("J4/job.json"));
  const again = await cryogan(
    "import",
    at("J4"),
    "--out",
    at("j4.star"),
    "--particles-file",
    "J4_class_00_final_particles.cs",
    "--json",
  );
  expect(JSON.parse(again.stdout)).toMatchObject({
    particles: 12,
    files: { passthrough: at("J4/J4_passthrough_particles_class_0.cs") },
  });
});

test("what is wrong is said in one line, and nothing is written", async () => {
  const failure = async (...args: string[]) => {
    const { code, stderr } = await cryogan("import", ...args, "--out", at("wrong.star"));
    expect(existsSync(at("wrong.star"))).toBe(false);
    return `${code} ${stderr.trim()}`;
  };
  expect(await failure(at("J9"))).toBe(
    `1 error: ${at("J9")}: no such folder; give the folder of a cryoSPARC job, such as J42`,
  );
  expect(await failure(at("J1"))).toBe(`1 error: ${at("J1")} has no output of particles (no .cs file)`);
  expect(await failure(at("J3"), "--particles-file", "x.cs")).toContain(
    `1 error: x.cs is neither in ${at("J3")} nor a path to a file; there are J3_passthrough`,
  );
  expect(await failure(at("J3"), "--passthrough", at("J2/extracted_particles.cs"))).toBe(
    `1 error: ${at("J3/particles_selected.cs")} has no field ctf/df1_A, ` +
      `nor has its passthrough file ${at("J2/extracted_particles.cs")}; is it that of the same job?`,
  );
  expect(await failure(at("J3"), "--passthrough", at("J3/twice.cs"))).toContain(
    `1 error: ${at("J3/twice.cs")}: rows 1 and 2 have the same uid 92233720`,
  );
  rmSync(at("b_far_away.mrc"));
  expect(await failure(at("J2"))).toContain(
    `1 error: ${at("J2/extracted_particles.cs")}: row 11 names ${at("J1/imported/b.mrc")}, which does not exist`,
  );
  expect(readdirSync(project).filter((name) => name.startsWith("wrong"))).toEqual([]);
  const { code, stderr } = await cryogan("import", at("J2"), "--out", at("particles.txt"));
  expect(`${code} ${stderr.trim()}`).toBe("2 error: --out: expected a name that ends in .star");
});

test("one exposure group, with the pixel size that is given", async () => {
  const out = at("one-group.star");
  const { code, stdout, stderr } = await cryogan(
    ...["import", at("J2"), "--out", out, "--optics-groups", "3", "--pixel-size", "1.25", "--json"],
  );
  expect([code, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout)).toMatchObject({ particles: 10, pixelSizeAngstrom: 1.25 });
  const size = execFileSync("relion_star_printtable", [out, "data_optics", "rlnImagePixelSize"], { encoding: "utf8" });
  expect(Number(size)).toBe(1.25);
});
