/** What is told, and by whom, when a command runs in several processes. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundled } from "../bundled.ts";
import { program } from "../program.ts";
import { installMpi, kinds, launch } from "../runtime/mpiLaunch.ts";

const child = bundled("test/cli/jobChild.ts"),
  folder = mkdtempSync(join(tmpdir(), "cryogan-job-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(kinds)("%s", (kind) => {
  beforeAll(installMpi);
  const task = (what: string) => launch(kind, [{ processes: 3, program: [child, what] }]);
  const cryogan = (...args: string[]) => launch(kind, [{ processes: 2, program: [program, ...args] }]);
  const endedRanks = (stdout: string) => stdout.match(/rank \d(?= ended)/g)?.sort();

  test("all end well", async () => {
    const { code, stdout, stderr } = await task("nothing");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(endedRanks(stdout)).toEqual(["rank 0", "rank 1", "rank 2"]);
  });

  test("what all fail of is told once", async () => {
    const { code, errors } = await task("all fail");
    expect({ code, errors }).toEqual({ code: 1, errors: ["error: particles.star: no such file"] });
  });

  test("one that fails alone says where it runs, and ends the job", async () => {
    const { code, errors, stdout } = await task("one fails");
    expect(code).toBe(1);
    expect(errors).toEqual([expect.stringMatching(/^error: rank 1 on \S+: the disk of this machine is full$/)]);
    expect(endedRanks(stdout)).toBeUndefined();
  });

  test("a bug while a call of the library goes on does the same", async () => {
    const { code, errors } = await task("one fails during a sum");
    expect(code).toBe(70);
    expect(errors).toEqual([
      expect.stringMatching(/^error: rank 1 on \S+: internal error: .*this is a bug in cryogan$/),
    ]);
  });

  test("one that fails when the others have ended does not undo what they did", async () => {
    const { code, errors, stdout } = await task("one fails last");
    expect(code).toBe(1);
    expect(errors).toEqual([expect.stringMatching(/^error: rank 1 on \S+: the disk of this machine is full$/)]);
    expect(endedRanks(stdout)).toEqual(["rank 0", "rank 2"]);
  });

  test("one that is killed ends the job; the launcher says so", async () => {
    const { code, errors, stdout, stderr } = await task("one is killed");
    expect(code).not.toBe(0);
    expect(errors).toEqual([]);
    expect(stdout + stderr).toMatch(kind === "MPICH" ? /Killed \(signal 9\)/ : /rank 1 .* on node .* \(Killed\)/);
  });

  test("wrong usage and wrong input of a reconstruction are told once", async () => {
    const usage = await cryogan("reconstruct", "x.star", "--out", join(folder, kind), "--nothing");
    expect({ code: usage.code, errors: usage.errors }).toEqual({
      code: 2,
      errors: ["error: unknown option '--nothing'"],
    });
    const missing = join(folder, "missing.star");
    const input = await cryogan("reconstruct", missing, "--out", join(folder, kind));
    expect(input.errors).toEqual([expect.stringContaining(missing)]);
    expect(input.code).toBe(1);
  });

  test("without its library all say in one line what to install", async () => {
    const reconstruct = [program, "reconstruct", "x.star", "--out", join(folder, kind)];
    const environment = { CRYOGAN_MPI_LIBRARY: kind === "MPICH" ? "libmpi.so.40" : "libmpich.so.12" };
    const { code, errors } = await launch(kind, [{ processes: 2, program: reconstruct, environment }]);
    expect(code).toBe(1);
    expect(errors[0]).toMatch(new RegExp(`^error: ${kind}'s launcher started this process, but .*; install ${kind} `));
    for (const line of errors.slice(1)) expect(line).toMatch(/^error: rank 1 on /);
  });

  test("another command runs once", async () => {
    const { code, stdout, errors } = await cryogan("inspect", "data/apoferritin/particles.star", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toHaveProperty("particles");
    expect(errors).toEqual([
      "warning: inspect runs in one process; the others that were launched with this one have left",
    ]);
  });
});
