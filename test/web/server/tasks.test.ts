/** A map sharpened and exported through the API as the page does it, beside what the command line makes. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { disk } from "../../../src/io/disk.ts";
import { readParticles } from "../../../src/io/particles.ts";
import { readProcess } from "../../../src/reconstruct/folder/runProcess.ts";
import { httpSource } from "../../../src/web/live/httpSource.ts";
import type { RunForm } from "../../../src/web/live/source.ts";
import type { Task, TaskKind, TaskSource } from "../../../src/web/live/tasks.ts";
import { taskFields } from "../../../src/web/live/tasks.ts";
import { runId } from "../../../src/web/server/runs.ts";
import { createTasks } from "../../../src/web/server/tasks.ts";
import { cryogan } from "../../cli/run.ts";
import { program } from "../../program.ts";
import { smallParticleSet } from "../../reconstruct/data.ts";
import { serving, type TestServer, temporaryFolder, token, until } from "./serving.ts";

const folder = temporaryFolder(),
  run = join(folder, "run"),
  id = runId(run),
  at = (...names: string[]) => join(run, ...names);
let server: TestServer, tasks: TaskSource, particles: string;

beforeAll(async () => {
  particles = await smallParticleSet(folder, 300);
  const stages = ["--device", "cpu", "--max-shift", "0", "--half-maps", "--stages", "adversarial 12:2, refine 16:1"];
  const { code, stderr } = await cryogan("reconstruct", particles, "--out", run, ...stages);
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  server = await serving([folder], { tasks: createTasks([process.execPath, program], Infinity) });
  tasks = (await httpSource(server.address, token)).tasks!;
});

const taskOf = async (name: string): Promise<Task> =>
  (await tasks.outcome(id)).tasks.find((task) => task.name === name)!;
const fields = (kind: TaskKind, form: RunForm): Promise<unknown> =>
  tasks.start(id, kind, form).then(
    (name) => name,
    (error: { fields?: unknown; message: string }) => error.fields ?? error.message,
  );

test("the sharpened map is that of the command line, byte for byte, and is told with its files", async () => {
  const name = await tasks.start(id, "postprocess", { bFactor: "-50", lowPass: "", mask: "none" });
  expect(name).toBe("postprocess-1");
  const args = ["--b-factor=-50", "--mask", "none", "--out", join(folder, "by hand.mrc")];
  expect((await cryogan("postprocess", run, ...args)).code).toBe(0);
  expect(readFileSync(at(name, "sharpened.mrc")).equals(readFileSync(join(folder, "by hand.mrc")))).toBe(true);
  const byHand = JSON.parse(readFileSync(join(folder, "by hand.json"), "utf8")) as Record<string, unknown>;
  const { state, result, files } = await taskOf(name);
  expect([state, result]).toEqual(["finished", { ...byHand, out: at(name, "sharpened.mrc") }]);
  expect(files).toEqual(
    ["log.txt", "sharpened.json", "sharpened.mrc"].map((file) => ({
      path: `${name}/${file}`,
      bytes: statSync(at(name, file)).size,
    })),
  );
  const { pathname } = new URL(tasks.address(id, files[2]!.path));
  expect((await server.ask(pathname)).body.equals(readFileSync(at(name, "sharpened.mrc")))).toBe(true);
});

test("bad options stand at their fields, and nothing is left behind", async () => {
  const before = readdirSync(run);
  expect(await fields("postprocess", { bFactor: "much" })).toEqual({
    bFactor: 'expected auto or a number, got "much"',
  });
  expect(await fields("postprocess", { lowPass: "-3" })).toEqual({ lowPass: expect.stringMatching(/^expected auto/) });
  expect(await fields("export", { iniHigh: "0", class: "1" })).toEqual({
    iniHigh: expect.stringMatching(/^expected a number above 0/),
  });
  expect(await fields("export", { class: "1" })).toEqual({ "": expect.stringMatching(/has no classes/) });
  expect(
    await fields("postprocess", { mask: "/etc/passwd", out: "/tmp/x", half1: "x", bFactor: true, constructor: "x" }),
  ).toEqual({
    mask: "expected one of auto, none",
    out: "there is no such option",
    half1: "there is no such option",
    bFactor: "expected another kind of value",
    constructor: "there is no such option",
  });
  expect(readdirSync(run)).toEqual(before);
});

test("the exported particles are the run's, for this program and for RELION", async () => {
  const name = await tasks.start(id, "export", { iniHigh: "40" });
  expect(await taskOf(name)).toMatchObject({ state: "finished", result: { particles: 300, lowPassAngstrom: 40 } });
  expect((await taskOf(name)).files.map(({ path }) => path)).toEqual(
    expect.arrayContaining(["map.mrc", "mask.mrc", "particles.star", "start.mrc"].map((file) => `${name}/${file}`)),
  );
  expect((await readParticles(disk, at(name, "particles.star"))).count).toBe(300);
  execFileSync(join(import.meta.dirname, "../../../scripts/install-relion.sh"), { stdio: "pipe" });
  execFileSync("relion_stack_create", ["--i", at(name, "particles.star"), "--o", join(folder, "again")], {
    cwd: run,
    stdio: "pipe",
    env: { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" },
  });
  expect(statSync(join(folder, "again.mrcs")).size).toBe(1024 + 4 * 300 * 24 ** 2);
});

test("they are exported to cryoSPARC as well, and to no other program", async () => {
  const name = await tasks.start(id, "export", { program: "cryoSPARC", iniHigh: "" });
  expect(await taskOf(name)).toMatchObject({ state: "finished", result: { particles: 300, links: 1 } });
  expect((await taskOf(name)).files.map(({ path }) => path)).toEqual(
    ["log.txt", "map.mrc", "mask.mrc", "particles.cs", "particles.csg", "volume.cs", "volume.csg"].map(
      (file) => `${name}/${file}`,
    ),
  );
  expect((await readParticles(disk, at(name, "particles.cs"))).count).toBe(300);
  expect(await fields("export", { program: "cryoSPARC", iniHigh: "30" })).toEqual({
    iniHigh: "has a meaning only with --relion",
  });
  expect(await fields("export", { program: "out" })).toEqual({ program: "expected one of RELION, cryoSPARC" });
});

test("the report is drawn again", async () => {
  rmSync(at("report.html"));
  expect(await tasks.outcome(id)).not.toHaveProperty("reported");
  await tasks.report(id);
  expect(readFileSync(at("report.html"), "utf8")).toContain("<html");
  expect(Date.parse((await tasks.outcome(id)).reported!)).toBeGreaterThan(0);
});

test("the options of the page are options of the commands", async () => {
  for (const [kind, list] of Object.entries(taskFields)) {
    const { stdout } = await cryogan(kind, "--help");
    for (const { label } of list) expect(stdout).toContain(`${label} `);
  }
});

test("a task is told from its folder, however it stands, and what is no task is none", async () => {
  const make = (name: string, log: string) => {
    mkdirSync(at(name));
    writeFileSync(at(name, "log.txt"), log);
  };
  make("export-20", '$ cryogan export\n{"type":"progress","done":5,"count":9}\n');
  make("export-21", "$ cryogan export\nerror: the disk is full\n");
  make("export-22", '$ cryogan export\n{"type":\n');
  make("export-x", '{"type":"finished"}\n');
  writeFileSync(at("export-23"), "");
  const found = (await tasks.outcome(id)).tasks.filter(({ name }) => /export-(2\d|x)/.test(name));
  expect(found.map(({ name, state, message }) => [name, state, message])).toEqual([
    ["export-20", "stopped", undefined],
    ["export-21", "failed", "the disk is full"],
    ["export-22", "stopped", undefined],
  ]);
  for (const name of ["export-20", "export-21", "export-22", "export-x", "export-23"])
    rmSync(at(name), { recursive: true });
});

test("where a link leads out of the run folder, or a file is none, nothing is begun or written outside", async () => {
  const outside = join(folder, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "secret.mrc"), readFileSync(at("map.mrc")));
  const tries: [string, (path: string) => void][] = [
    ["class1.mrc", (path) => symlinkSync(join(outside, "secret.mrc"), path)],
    ["class1.mrc", (path) => symlinkSync(join(outside, "none"), path)],
    ["class1.mrc", (path) => symlinkSync(path, path)],
    ["events", (path) => symlinkSync(outside, path)],
    ["export-9", (path) => symlinkSync(outside, path)],
    ["fsc.xml", (path) => void execFileSync("mkfifo", [path])],
  ];
  for (const [name, put] of tries) {
    rmSync(at(name), { force: true });
    put(at(name));
    const before = readdirSync(run);
    for (const kind of ["postprocess", "export"] as const)
      expect(await fields(kind, {})).toMatch(/leads out of the run folder, or is no file; remove it$/);
    await expect(tasks.report(id)).rejects.toThrow("leads out of the run folder");
    expect((await tasks.outcome(id)).tasks.some((task) => task.name === name)).toBe(false);
    expect(readdirSync(run)).toEqual(before);
    rmSync(at(name));
  }
  // What stays inside may be read; a link in a task's own folder is no file of it.
  symlinkSync("map.mrc", at("class1.mrc"));
  symlinkSync(join(outside, "secret.mrc"), at("postprocess-1", "leak.mrc"));
  await tasks.report(id);
  const { pathname } = new URL(tasks.address(id, "postprocess-1/leak.mrc"));
  expect((await server.ask(pathname)).status).toBe(404);
  expect((await taskOf("postprocess-1")).files.some(({ path }) => path.includes("leak"))).toBe(false);
  expect(readdirSync(outside)).toEqual(["secret.mrc"]);
  expect(existsSync(at("class1.mrc"))).toBe(true);
});

test("a task that goes on is told as such, with how far it is", async () => {
  const line = JSON.stringify({ type: "progress", done: 3, count: 8 });
  const code = `console.log(${JSON.stringify(line)}); setInterval(() => {}, 1000)`;
  const name = await createTasks([process.execPath, "-e", code, "--"], 0).start(run, "export", {});
  await until(async () => (await taskOf(name)).progress !== undefined);
  expect(await taskOf(name)).toMatchObject({ state: "running", progress: { done: 3, count: 8 } });
  process.kill((await readProcess(at(name)))!.pid);
  await until(async () => (await taskOf(name)).state === "stopped");
});
