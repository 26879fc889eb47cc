/** The inputs of test/data/cases as a user gives them: what the commands answer, and how they end. */
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cryogan, type Outcome } from "./run.ts";

const cases = join(import.meta.dirname, "../data/cases");
const given = (...parts: string[]): string => join(cases, ...parts);
let folder: string;
const at = (...parts: string[]): string => join(folder, ...parts);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-cases-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The one line on stderr of a command that the user's input ended. */
function errorLine({ code, stdout, stderr }: Outcome): string {
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^error: [^\n]*\n$/);
  return stderr.slice("error: ".length, -1);
}

describe("a map with a voxel that is no number, and one without a pixel size, in every command", () => {
  const nan = given("map-with-nan", "nan.mrc"),
    silent = given("map-without-pixel-size", "nopix.mrc"),
    sound = given("map-with-nan", "ref.mrc");
  const commands: [string, (map: string) => string[]][] = [
    ["evaluate", (map) => ["evaluate", map, "--reference", sound]],
    ["evaluate --half-maps", (map) => ["evaluate", "--half-maps", map, map, "--no-align"]],
    ["project", (map) => ["project", map, "--count", "2", "--out", at("p.mrcs")]],
    [
      "simulate",
      (map) => ["simulate", map, ..."--particles 2 --box 16 --snr 1 --out".split(" "), at(basename(map, ".mrc"))],
    ],
    ["flip", (map) => ["flip", map, "--out", at("f.mrc")]],
    ["resample", (map) => ["resample", map, "--pixel-size", "5", "--out", at("r.mrc")]],
    ["postprocess", (map) => ["postprocess", "--half1", map, "--half2", map, "--out", at("post.mrc")]],
    ["postprocess --mask", (map) => ["postprocess", sound, "--low-pass", "20", "--mask", map, "--out", at("post.mrc")]],
  ];
  test.each(commands)("%s", async (_, command) => {
    const [ofNan, ofSilent] = await Promise.all([cryogan(...command(nan)), cryogan(...command(silent))]);
    expect(errorLine(ofNan)).toMatch(/nan\.mrc holds what is no number: voxel \d+, \d+, \d+ \(x, y, z\) is NaN/);
    expect(errorLine(ofSilent)).toMatch(
      /nopix\.mrc names no pixel size in its header; (give it \(--map-pixel-size\), or )?write it there/,
    );
  });

  test("inspect shows them, and says what is wrong", async () => {
    const [ofNan, ofSilent, ofSound] = await Promise.all([nan, silent, sound].map((map) => cryogan("inspect", map)));
    expect(ofNan!.stdout).toMatch(/Problem +holds what is no number/);
    expect(ofSilent!.stdout).toMatch(/Problem +names no pixel size/);
    expect([ofSound!.code, ofSound!.stdout.includes("Problem")]).toEqual([0, false]);
  });

  test("export", async () => {
    await mkdir(at("run"));
    await copyFile(nan, at("run", "map.mrc"));
    await writeFile(at("run", "config.json"), "{}");
    expect(errorLine(await cryogan("export", at("run"), "--relion", at("relion")))).toContain(
      "map.mrc holds what is no number",
    );
  });
});

describe("warnings reach those who read particles", () => {
  test("inspect, as text and as JSON", async () => {
    const [text, json] = await Promise.all([
      cryogan("inspect", given("duplicate-particles", "dup.star")),
      cryogan("inspect", given("ignored-aberrations", "mag.star"), "--json"),
    ]);
    expect(text.stdout).toMatch(/Particles +80\n/);
    expect(text.stdout).toMatch(/Warning +40 of 80 particles are listed again: \S+dup\.star: row 41 /);
    expect((JSON.parse(json.stdout) as { warnings: string[] }).warnings).toEqual([
      expect.stringContaining("beam tilt (rlnBeamTiltX, rlnBeamTiltY)"),
    ]);
  });

  test("import: two signs of contrast cannot be told in a STAR file", async () => {
    const out = at("x.star");
    expect(errorLine(await cryogan("import", given("mixed-sign", "P1", "J3"), "--out", out))).toMatch(
      /J3_particles\.cs: row 21: blob\/sign differs from that of row 1, and a STAR file has no column for it/,
    );
  });

  test("reconstruct: particles listed twice are told once, and halved by particles", async () => {
    const star = await readFile(given("random-subset-column", "all_one.star"), "utf8");
    const rows = star.split("\n").filter((line) => line.includes("@s.mrcs"));
    await copyFile(given("random-subset-column", "s.mrcs"), at("s.mrcs"));
    await writeFile(at("twice.star"), `${star.trimEnd()}\n${rows.join("\n")}\n`);
    const { code, stderr, stdout } = await cryogan(
      ...["reconstruct", at("twice.star"), "--out", at("twice"), "--half-maps", "--device", "cpu", "--threads", "1"],
      ...["--stages", "adversarial 8:2", "--max-shift", "0", "--json"],
    );
    expect([code, stderr]).toEqual([0, ""]);
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; message?: string; particles?: number });
    const told = events.filter(({ type, message }) => type === "warning" && message!.includes("listed again"));
    expect(told.map(({ message }) => message)).toEqual([expect.stringContaining("260 of 520 particles")]);
    expect(events.filter(({ type }) => type === "start").map(({ particles }) => particles)).toEqual([260, 260]);
  });
});

test("inspect: IMOD's unsigned bytes are bright, and a compressed stack is named", async () => {
  const [bytes, floats, packed] = await Promise.all([
    cryogan("inspect", given("unsigned-bytes", "unsigned.star")),
    cryogan("inspect", given("unsigned-bytes", "same_float.star")),
    cryogan("inspect", given("foreign-files", "bz2.star")),
  ]);
  const contrast = (outcome: Outcome): string => /Contrast.*/.exec(outcome.stdout)![0];
  expect(contrast(bytes)).toContain("density seems bright");
  expect(contrast(bytes)).toBe(contrast(floats));
  expect(packed.stdout).toContain("s.mrcs.bz2 is compressed; unpack it with bunzip2 (20 particles)");
});

describe("models of atoms", () => {
  /** Each into a folder of its own: commands that run at once make and remove it. */
  const simulate = (model: string) =>
    cryogan(
      ...["simulate", model, ..."--particles 2 --box 16 --pixel-size 4 --snr 1 --out".split(" ")],
      at(`atoms-${basename(model)}`),
    );

  test("hostile/bfneg.pdb and hostile/min.cif", async () => {
    const [negative, nested] = await Promise.all([
      simulate(given("hostile", "bfneg.pdb")),
      simulate(given("hostile", "min.cif")),
    ]);
    expect(errorLine(negative)).toContain("bfneg.pdb: atom 1: B_iso_or_equiv is -9999; it must be between 0 and 10000");
    expect(errorLine(nested)).toContain("min.cif: not valid CIF: its tables cannot be understood");
  });

  test("a gzip file of half a megabyte that unpacks to 600 MB", async () => {
    const zeros = gzipSync(Buffer.alloc(1 << 25, "\n"));
    await writeFile(at("bomb.cif.gz"), Buffer.concat(Array.from({ length: 19 }, () => zeros)));
    expect(errorLine(await simulate(at("bomb.cif.gz")))).toContain("bomb.cif.gz unpacks to more than 512 MB");
  });
});

describe("names and errors of the operating system", () => {
  test("control characters of a name in a file do not reach the terminal", async () => {
    const star = await readFile(given("ignored-aberrations", "mag.star"), "utf8");
    const hostile = "\x1b]0;title\x07\x1b[2J\u009b31m\u202es.mrcs";
    await writeFile(at("escape.star"), star.replaceAll("@s.mrcs", `@${hostile}`));
    for (const more of [[], ["--json"]]) {
      const { stdout, code } = await cryogan("inspect", at("escape.star"), ...more);
      expect(code).toBe(0);
      expect(stdout).toMatch(
        more.length === 0 ? /\\x1b\]0;title\\x07\\x1b\[2J\\x9b31m\\u202es\.mrcs/ : /\\u001b\]0;title/,
      );
      for (const harmful of ["\x1b", "\x07", "\u009b", "\u202e"]) expect(stdout).not.toContain(harmful);
    }
    await writeFile(at("group.star"), star.replace("opticsGroup1", "\x1b[31mred").replace(" 300 2.7", " x 2.7"));
    expect(errorLine(await cryogan("inspect", at("group.star")))).toContain('_rlnVoltage is "x"');
    await writeFile(at("voltage.star"), star.replace(" 300 2.7", " 3\x1b[31m00 2.7"));
    expect(errorLine(await cryogan("inspect", at("voltage.star")))).toContain('_rlnVoltage is "3\\x1b[31m00"');
  });

  test("links in a circle, folders, and files that are none", async () => {
    await symlink(at("circle.star"), at("circle.star"));
    await mkdir(at("folder.star"));
    const answers = await Promise.all(
      [at("circle.star"), at("folder.star"), at("none.cs"), "/dev/zero", at("a/b.mrc")].map((file) =>
        cryogan("inspect", file),
      ),
    );
    expect(answers.map(errorLine)).toEqual([
      `cannot read ${at("circle.star")}: its links lead in a circle`,
      `cannot read ${at("folder.star")}: it is a folder`,
      `cannot read ${at("none.cs")}: no such file or folder`,
      "cannot read /dev/zero: it is not a file",
      `cannot read ${at("a/b.mrc")}: no such file or folder`,
    ]);
  });
});
