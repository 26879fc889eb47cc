/** What `export --cryosparc` writes, read by numpy beside what `export --relion` writes of the same run. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { disk } from "../../src/io/disk.ts";
import { readParticles } from "../../src/io/particles.ts";
import { installTestDebs, python } from "../io/helpers.ts";
import { boxSize, pixelSizeAngstrom, smallParticleSet } from "../reconstruct/data.ts";
import { otherRun, otherSet } from "./exportData.ts";
import { cryogan } from "./run.ts";

let folder: string;
const count = 300,
  at = (...names: string[]) => join(folder, ...names);
const exported = async (run: string, ...args: string[]) => {
  const { code, stdout, stderr } = await cryogan("export", at(run), "--json", ...args);
  expect([code, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as Record<string, unknown>;
};

beforeAll(async () => {
  installTestDebs();
  folder = await mkdtemp(join(tmpdir(), "cryogan-cryosparc-"));
  mkdirSync(at("data"));
  const particles = await smallParticleSet(at("data"), count),
    stages = ["--stages", "adversarial 12:2, refine 12:1, local 12:1"];
  const { code, stderr } = await cryogan("reconstruct", particles, "--out", at("run"), "--device", "cpu", ...stages);
  expect([code, stderr]).toEqual([0, expect.any(String)]);
});
afterAll(() => rm(folder, { recursive: true }));

test("particles, poses and map are those that RELION gets", async () => {
  await exported("run", "--relion", at("relion"), "--poses");
  const out = at("cryosparc");
  expect(await exported("run", "--cryosparc", out, "--poses")).toMatchObject({
    particles: count,
    boxSize,
    pixelSizeAngstrom,
    poses: true,
    normalised: false,
    links: 1,
  });
  expect(readdirSync(out).sort()).toEqual(
    ["map.mrc", "mask.mrc", "particles.cs", "particles.csg", "stacks", "volume.cs", "volume.csg"].sort(),
  );
  for (const map of ["map.mrc", "mask.mrc"])
    expect(python(sameMap, join(out, map), at("relion", map)), map).toBe("True\n");
  python(
    `
import sys, os, numpy as np, mrcfile
out, star = sys.argv[1:]
cs = np.load(f"{out}/particles.cs")
tables = [block.strip().splitlines() for block in open(star).read().split("loop_")[1:]]
def rows(lines):
    labels = [line.split()[0][1:] for line in lines if line.startswith("_rln")]
    return [dict(zip(labels, line.split())) for line in lines if line.strip() and line[0] not in "_d#"]
(optics,), particles = rows(tables[0]), rows(tables[1])
column = lambda name: np.array([float(p[name]) for p in particles])
near = lambda a, b, d: np.abs(a - b).max() < d
assert len(cs) == len(particles) == ${count}
assert near(cs["ctf/df1_A"], column("rlnDefocusU"), 0.01) and near(cs["ctf/df2_A"], column("rlnDefocusV"), 0.01)
assert near(cs["ctf/df_angle_rad"], np.radians(column("rlnDefocusAngle")), 1e-5)
for field, label in ("accel_kv", "Voltage"), ("cs_mm", "SphericalAberration"), ("amp_contrast", "AmplitudeContrast"):
    assert near(cs["ctf/" + field], float(optics["rln" + label]), 1e-5), field
assert (cs["ctf/exp_group_id"] == int(optics["rlnOpticsGroup"])).all()
assert near(cs["blob/psize_A"], float(optics["rlnImagePixelSize"]), 1e-5)
assert (cs["blob/shape"] == int(optics["rlnImageSize"])).all()
assert (cs["blob/sign"] == -1).all() # density is bright
# Stacks are found from the folder of the file, and hold the images of the STAR file.
paths = {p.decode() for p in cs["blob/path"]}
assert all(p[0] == ">" and os.path.exists(f"{out}/{p[1:]}") for p in paths), paths
for row, particle in zip(cs, particles):
    number, stack = particle["rlnImageName"].split("@")
    assert os.path.samefile(stack, f"{out}/{row['blob/path'].decode()[1:]}") and row["blob/idx"] == int(number) - 1
# Poses: RELION's matrix is the transpose of that of the rotation vector, origins are shifts.
def turned(axis, a):
    i, j = [(1, 2), (2, 0), (0, 1)][axis]
    m = np.eye(3)
    m[i, i] = m[j, j] = np.cos(a)
    m[i, j], m[j, i] = np.sin(a), -np.sin(a)
    return m
angles = np.radians(np.stack([column("rlnAngle" + n) for n in ("Rot", "Tilt", "Psi")], 1))
assert angles.std(0).min() > 0.1
for (rot, tilt, psi), vector in zip(angles, cs["alignments3D/pose"].astype("f8")):
    angle = np.linalg.norm(vector)
    x, y, z = vector / angle
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    r = np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k
    assert np.abs(r.T - turned(2, psi) @ turned(1, tilt) @ turned(2, rot)).max() < 1e-5
origins = np.stack([column("rlnOriginXAngst"), column("rlnOriginYAngst")], 1)
assert np.abs(origins).max() > 0.1
assert near(cs["alignments3D/shift"] * cs["alignments3D/psize_A"][:, None], origins, 1e-4)
assert (cs["alignments3D/class"] == 0).all() and (cs["alignments3D/split"] == 0).all()
volume = np.load(f"{out}/volume.cs")
assert volume.dtype.descr == [("uid", "<u8"), ("map/path", "|S9"), ("map/shape", "<u4", (3,)), ("map/psize_A", "<f4")]
assert volume["map/path"][0] == b">map.mrc" and volume["map/shape"].tolist() == [[${boxSize}] * 3]
with mrcfile.open(f"{out}/map.mrc") as m:
    assert volume["map/psize_A"][0] == m.voxel_size.x == ${pixelSizeAngstrom}`,
    out,
    at("relion/particles.star"),
  );
  const group = (file: string) => readFileSync(join(out, file), "utf8").replace(/^created: \d[-\d]+ [\d:.]+$/m, "");
  expect(group("particles.csg").match(/^ {2}\w+:$|^ {4}.*$/gm)).toEqual(
    ["alignments3D", "blob", "ctf"].flatMap((name) => [
      `  ${name}:`,
      "    metafile: '>particles.cs'",
      `    num_items: ${count}`,
      `    type: particle.${name}`,
    ]),
  );
  expect(group("volume.csg")).toMatch(
    /^ {2}type: volume\nresults:\n {2}map:\n {4}metafile: '>volume.cs'\n {4}num_items: 1\n {4}type: volume.blob\n/m,
  );

  // This program reads it back.
  const [star, read] = await Promise.all([
    readParticles(disk, at("relion/particles.star")),
    readParticles(disk, join(out, "particles.cs")),
  ]);
  for (const kind of ["optics", "poses"] as const)
    for (const [name, values] of Object.entries(read[kind]!)) {
      const wanted = (star[kind] as unknown as Record<string, Float64Array>)[name]!;
      const worst = values.reduce((most: number, value: number, i: number) => {
        const away = Math.abs(value - wanted[i]!);
        return Math.max(most, /rot|tilt|psi/.test(name) ? Math.min(away, 2 * Math.PI - away) : away);
      }, 0);
      expect(worst, name).toBeLessThan(name.startsWith("defocus") ? 0.01 : 1e-4);
    }
  expect(new Set(read.uid).size).toBe(count);

  // From the file itself, also into its own folder: names of particles are kept, and links lead to the images.
  anotherRun("again", { particlesFile: join(out, "particles.cs") });
  await exported("again", "--cryosparc", at("of a cs"));
  expect((await readParticles(disk, at("of a cs/particles.cs"))).uid).toEqual(read.uid);
  await exported("again", "--cryosparc", out);
  expect(facts("cryosparc")).toEqual([">stacks/particles.mrcs", -1, -1, true]);
  const without = await readParticles(disk, join(out, "particles.cs"));
  expect([without.uid, without.poses]).toEqual([read.uid, undefined]);
  expect(readFileSync(join(out, "particles.csg"), "utf8")).not.toContain("alignments3D");
});

const sameMap = `
import sys, numpy as np, mrcfile
a, b = (mrcfile.open(path) for path in sys.argv[1:])
print(np.array_equal(a.data, b.data) and a.voxel_size == b.voxel_size)`;

const anotherRun = (name: string, options: object, inverted = false): void =>
  otherRun(at("run"), at(name), options, inverted);

const anotherSet = (name: string, a: number, b: number): string =>
  otherSet(folder, { star: `${name}.star`, stack: `${name}.mrc`, pixelSizeAngstrom }, a, b);

const facts = (out: string): unknown =>
  JSON.parse(
    python(
      `
import sys, json, numpy as np, mrcfile
out = sys.argv[1]
cs = np.load(f"{out}/particles.cs")
images = mrcfile.read(f"{out}/{cs['blob/path'][0].decode()[1:]}") * -cs["blob/sign"][:, None, None]
bright = np.corrcoef(images.ravel(), mrcfile.read(sys.argv[2]).ravel())[0, 1] > 0.9
signs = [cs["blob/sign"].min().item(), cs["blob/sign"].max().item()]
print(json.dumps([cs["blob/path"][0].decode(), *signs, bool(bright)]))`,
      at(out),
      at("data/particles.mrcs"),
    ),
  );

test("dark images stay where they are and are told by their sign; others than normalised are copied", async () => {
  anotherRun("dark run", { particlesFile: anotherSet("dark", -1, 0) }, true);
  expect(await exported("dark run", "--cryosparc", at("dark"))).toMatchObject({ normalised: false, links: 1 });
  expect(facts("dark")).toEqual([">stacks/dark.mrcs", 1, 1, true]);
  anotherRun("raw run", { particlesFile: anotherSet("raw", -5, 7) }, true);
  expect(await exported("raw run", "--cryosparc", at("raw"))).toMatchObject({ normalised: true, links: 0 });
  expect(existsSync(at("raw/stacks"))).toBe(false);
  expect(facts("raw")).toEqual([">normalised.mrcs", -1, -1, true]);
});

test("of a run with classes those that are asked for, numbered from 0, with the map of the first", async () => {
  const stages = ["--stages", "adversarial 12:2, refine 12:1, local 12:1", "--max-shift", "0", "--device", "cpu"],
    args = [at("data/particles.star"), "--out", at("classes"), "--classes", "2", ...stages];
  const { code, stderr } = await cryogan("reconstruct", ...args);
  expect(code, stderr).toBe(0);
  const numbers = (await readParticles(disk, at("classes/particles.star"))).classNumber!,
    asked = Math.max(...numbers),
    particles = numbers.filter((number) => number === asked).length,
    options = ["--poses", "--class", String(asked)];
  expect(await exported("classes", "--cryosparc", at("class"), ...options)).toMatchObject({ particles });
  expect(python(sameMap, at("class/map.mrc"), at(`classes/class${asked}.mrc`))).toBe("True\n");
  const classes = `import sys, numpy as np\nprint(np.load(sys.argv[1])["alignments3D/class"].tolist())`;
  expect(JSON.parse(python(classes, at("class/particles.cs")))).toEqual(Array(particles).fill(asked - 1));
});

test("stacks that moved are found from --stacks-root, and the text tells what to import", async () => {
  mkdirSync(at("elsewhere"));
  execFileSync("cp", [at("data/particles.mrcs"), at("elsewhere")]);
  const { code, stdout } = await cryogan(
    "export",
    at("run"),
    "--cryosparc",
    at("moved"),
    "--stacks-root",
    at("elsewhere"),
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(/Import +\S+particles\.csg and \S+volume\.csg by Import Result Group/);
  expect(python("import os, sys\nprint(os.path.realpath(sys.argv[1]))", at("moved/stacks/particles.mrcs")).trim()).toBe(
    at("elsewhere/particles.mrcs"),
  );
});

test("what is wrong is said in one line", async () => {
  const failure = async (run: string, ...args: string[]) => {
    const { code, stderr } = await cryogan("export", at(run), ...args);
    return `${code} ${stderr.trim()}`;
  };
  mkdirSync(at("J42"));
  writeFileSync(at("J42/job.json"), "{}");
  expect(await failure("run", "--cryosparc", at("J42"))).toBe(
    `1 error: ${at("J42")} holds job.json, which is of no export to cryoSPARC; give a new folder`,
  );
  expect(readdirSync(at("J42"))).toEqual(["job.json"]);
  expect(await failure("run", "--cryosparc", at("x"), "--class", "2")).toBe(
    `1 error: ${at("run")} has no classes: it was run without --classes and --junk-class`,
  );
  anotherRun("flipped", { ctfPhaseFlipped: true });
  expect(await failure("flipped", "--cryosparc", at("x"))).toBe(
    `1 error: ${at("data/particles.star")}: the phases of the images were flipped (--ctf-phase-flipped), ` +
      "which a .cs file cannot tell; extract the particles without",
  );
  expect(existsSync(at("x"))).toBe(false);
  expect(await failure("run")).toBe("2 error: --relion: is required: a folder, or --cryosparc");
});
