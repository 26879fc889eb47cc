/** What goes wrong in the world: broken inputs, folders and disks that cannot be written, runs that are killed. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createStream } from "../../src/runtime/random.ts";
import { program } from "../program.ts";
import { boxSize, smallParticleSet } from "../reconstruct/data.ts";
import { cryogan, type Outcome, runNode } from "./run.ts";

const imageBytes = 4 * boxSize ** 2;
let folder: string, particles: string, star: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-failures-"));
  particles = await smallParticleSet(folder);
  star = await readFile(particles, "utf8");
});
afterAll(() => rm(folder, { recursive: true }));

const quick = ["--device", "cpu", "--max-shift", "0", "--stages", "adversarial 12:40, refine 12:2:500"];
const reconstruct = (input: string, out: string, ...more: string[]) =>
  cryogan("reconstruct", input, "--out", out, ...quick, ...more);

/** What follows the progress on stderr: one line. */
function errorLine({ code, stderr }: Outcome): string {
  expect(code).toBe(1);
  const errors = stderr.split("\n").slice(stderr.slice(0, stderr.indexOf("error:")).split("\n").length - 1);
  expect(errors).toHaveLength(2);
  expect(errors[1]).toBe("");
  return errors[0]!;
}

/** A data set with a change in it, in a folder of its own. */
async function broken(
  name: string,
  changeStar: (text: string) => string,
  changeStack: (path: string) => Promise<void> = async () => {},
): Promise<string> {
  const own = join(folder, name);
  await mkdir(own);
  await copyFile(join(folder, "particles.mrcs"), join(own, "particles.mrcs"));
  await changeStack(join(own, "particles.mrcs"));
  await writeFile(join(own, "particles.star"), changeStar(star));
  return join(own, "particles.star");
}

/** The text with a change in the row of this particle, counted from 1. */
const inRow = (row: number, change: (line: string) => string) => (text: string) =>
  text
    .split("\n")
    .map((line) =>
      line.includes(`${String(row).padStart(6, "0")}@`) || new RegExp(`(^|\\s)0*${row}@`).test(line)
        ? change(line)
        : line,
    )
    .join("\n");
const lineOf = (row: number) => star.split("\n").findIndex((line) => new RegExp(`(^|\\s)0*${row}@`).test(line)) + 1;
/** The text with another value in a column of this row. */
const inColumn = (row: number, label: string, value: string) => (text: string) => {
  const column = Number(new RegExp(`_${label} #(\\d+)`, "g").exec(text.slice(text.indexOf("data_particles")))![1]) - 1;
  return inRow(row, (line) =>
    line
      .trim()
      .split(/\s+/)
      .map((cell, i) => (i === column ? value : cell))
      .join(" "),
  )(text);
};

describe("broken inputs are told in one line that names file and row", () => {
  const same = (text: string) => text;

  test("a truncated stack", async () => {
    const input = await broken("truncated", same, (path) => truncate(path, 1024 + 1500 * imageBytes + 100));
    expect(errorLine(await reconstruct(input, join(folder, "o1")))).toMatch(
      /^error: .*truncated\/particles\.mrcs .*truncated/,
    );
  });

  test("a row that names image 1,000,000", async () => {
    const input = await broken(
      "beyond",
      inRow(17, (line) => line.replace(/\d+@/, "1000000@")),
    );
    const line = errorLine(await reconstruct(input, join(folder, "o2")));
    expect(line).toContain(`${input}: row 17 (line ${lineOf(17)})`);
    expect(line).toMatch(/1000000.*2000/);
  });

  test("a pixel that is not a number", async () => {
    const input = await broken("nan", same, async (path) => {
      const bytes = await readFile(path);
      bytes.writeFloatLE(NaN, 1024 + 41 * imageBytes + 400);
      await writeFile(path, bytes);
    });
    const line = errorLine(await reconstruct(input, join(folder, "o3")));
    expect(line).toContain(`${input}: row 42 (line ${lineOf(42)})`);
    expect(line).toMatch(/NaN|finite|not a number/);
  });

  test("no defocus", async () => {
    const zero = (text: string) => inColumn(9, "rlnDefocusV", "0")(inColumn(9, "rlnDefocusU", "0")(text));
    const input = await broken("defocus", zero);
    const line = errorLine(await reconstruct(input, join(folder, "o4")));
    expect(line).toContain(`${input}: row 9 (line ${lineOf(9)})`);
    expect(line).toMatch(/defocus/i);
  });

  test("two boxes in one file", async () => {
    const input = await broken("boxes", (text) =>
      text.replace(/(\d+)@\S*particles\.mrcs/g, (name, image) =>
        Number(image) > 1990 ? `${Number(image) - 1990}@${join(folder, "small.mrcs")}` : name,
      ),
    );
    // The first 1024 bytes with 16 x 16 x 10 in place of the box, and as many zeros.
    const header = (await readFile(join(folder, "particles.mrcs"))).subarray(0, 1024);
    [16, 16, 10].forEach((size, i) => header.writeInt32LE(size, 4 * i));
    [16, 16, 10].forEach((size, i) => header.writeInt32LE(size, 28 + 4 * i));
    await writeFile(join(folder, "small.mrcs"), Buffer.concat([header, Buffer.alloc(10 * 16 * 16 * 4)]));
    const line = errorLine(await reconstruct(input, join(folder, "o5")));
    expect(line).toContain("small.mrcs");
    expect(line).toMatch(/: row 1991 .*16.*24|: row 1991 .*24.*16/);
  });
});

describe("places that cannot be written are told in one line", () => {
  test.each([
    ["under a file", () => join(folder, "particles.star", "run")],
    ["in /proc", () => "/proc/cryogan"],
  ])("%s", async (_name, out) => {
    expect(errorLine(await reconstruct(particles, out()))).toContain(`cannot write ${out()}`);
  });

  test("a full disk: the error names the file, and what is there stays whole", async () => {
    const mount = await tinyDisk();
    if (!mount) {
      // No file system may be mounted here: a device file on the way is what is left to test with.
      expect(errorLine(await reconstruct(particles, "/dev/full/run"))).toContain("cannot write /dev/full/run");
      return;
    }
    try {
      const line = errorLine(await reconstruct(particles, join(mount, "run"), "--checkpoint-every", "0.01s"));
      expect(line).toMatch(/^error: cannot write .*: the disk is full$/);
      expect((await readdir(join(mount, "run"))).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    } finally {
      execFileSync("umount", [mount]);
    }
  });

  /**
   * A file system with room for the first files of a run, but not for its checkpoints; undefined where mounting is not
   * permitted.
   */
  async function tinyDisk(): Promise<string | undefined> {
    const at = join(folder, "disk");
    await mkdir(at);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", at], { stdio: "ignore" });
      return at;
    } catch {
      return undefined;
    }
  }
});

describe("runs that are stopped", () => {
  const steady = ["--checkpoint-every", "0.05s", "--seed", "3"];
  let expected: Buffer;
  beforeAll(async () => {
    const { code, stderr } = await reconstruct(particles, join(folder, "whole"), ...steady);
    expect([code, stderr.includes("error")]).toEqual([0, false]);
    expected = await readFile(join(folder, "whole", "map.mrc"));
  });

  /**
   * Starts or goes on with the run, and sends the signal when so many events of progress or checkpoints have been
   * printed.
   */
  function stopped(out: string, signal: NodeJS.Signals, events: number, ...more: string[]): Promise<Outcome> {
    const args = [program, "reconstruct", particles, "--out", out, ...quick, ...steady, "--json", ...more];
    return runNode(args, {}, (child) => {
      let seen = 0;
      child.stdout!.on("data", (chunk: Buffer) => {
        const before = seen;
        seen += chunk.toString().match(/"type":"(progress|checkpoint)"/g)?.length ?? 0;
        if (before < events && seen >= events) child.kill(signal);
      });
    });
  }

  test("kill -9 again and again, at random moments: --resume ends in the same map, byte for byte", async () => {
    const out = join(folder, "killed"),
      random = createStream(Date.now() % 2 ** 32, "kills");
    // early enough however few events a fast machine prints
    let outcome = await stopped(out, "SIGKILL", 2 + random.integer(3));
    let kills = 0;
    while (outcome.code !== 0) {
      expect(outcome.code).toBe(null); // killed, not failed
      kills++;
      outcome = await stopped(out, "SIGKILL", kills < 3 ? 2 + random.integer(20) : Infinity, "--resume");
    }
    expect(kills).toBeGreaterThan(0);
    expect((await readFile(join(out, "map.mrc"))).equals(expected)).toBe(true);
  });

  test("Ctrl-C, then --resume: the same map, byte for byte", async () => {
    const out = join(folder, "interrupted");
    const first = await stopped(out, "SIGINT", 7);
    expect(first.code).toBe(130);
    expect(first.stderr).toMatch(/stopped; go on with: cryogan reconstruct .* --resume\n$/);
    expect(existsSync(join(out, "checkpoint.bin"))).toBe(true);
    expect((await stopped(out, "SIGINT", Infinity, "--resume")).code).toBe(0);
    expect((await readFile(join(out, "map.mrc"))).equals(expected)).toBe(true);
  });

  test("an unfinished run is not started over, nor gone on with under another seed", async () => {
    const out = join(folder, "guarded");
    await stopped(out, "SIGINT", 5);
    expect(errorLine(await reconstruct(particles, out, ...steady))).toBe(
      `error: ${out} holds a run: go on with it by --resume, replace it by --overwrite, or give another folder`,
    );
    expect(errorLine(await reconstruct(particles, out, "--resume", "--seed", "4"))).toContain(
      "the run began with another --seed (3, now 4)",
    );
    expect((await reconstruct(particles, out, ...steady, "--overwrite")).code).toBe(0);
    expect((await readFile(join(out, "map.mrc"))).equals(expected)).toBe(true);
  });
});
