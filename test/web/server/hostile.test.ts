/** Run folders from anyone: nothing is followed out of them, nothing in them stops the server or another process. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunEvent } from "../../../src/reconstruct/folder/events.ts";
import { recordProcess, writtenFiles } from "../../../src/reconstruct/folder/runProcess.ts";
import { httpSource } from "../../../src/web/live/httpSource.ts";
import type { RunSource } from "../../../src/web/live/source.ts";
import { createProcesses } from "../../../src/web/server/processes.ts";
import { runId } from "../../../src/web/server/runs.ts";
import { program } from "../../program.ts";
import {
  serving,
  startEvent,
  type TestServer,
  temporaryFolder,
  token,
  until,
  warning,
  writeEvents,
} from "./serving.ts";

const folder = temporaryFolder(),
  runs = join(folder, "runs"),
  outside = join(folder, "outside");
const secret = JSON.stringify({ ...warning("a secret"), type: "failed" });
let server: TestServer, source: RunSource;

beforeAll(async () => {
  mkdirSync(runs);
  mkdirSync(outside);
  const processes = createProcesses(runs, [process.execPath, program], Infinity);
  server = await serving([runs], { processes });
  source = await httpSource(server.address, token);
});

/** A run folder, and what a run has written there. */
function aRun(name: string): string {
  const run = join(runs, name);
  writeEvents(run, startEvent("2026-01-01T00:00:00.000Z"));
  const options = { particlesFile: join(run, "particles.star"), symmetry: "C1", critic: "likelihood-ratio", seed: 1 };
  const used = { particles: 500, box: 24, maskRadius: 0.4, shiftSigma: 0, stages: [] };
  writeFileSync(join(run, "config.json"), JSON.stringify({ ...options, device: "cpu", used }));
  return run;
}

/** Something else in the place of a file. */
const places: [string, (path: string) => void][] = [
  ["a link out", (path) => symlinkSync(join(outside, "secret"), path)],
  ["a link to a folder out", (path) => symlinkSync(outside, path)],
  ["a link to a device", (path) => symlinkSync("/dev/zero", path)],
  ["a link to nothing", (path) => symlinkSync(join(outside, "none"), path)],
  ["a link to itself", (path) => symlinkSync(path, path)],
  ["a pipe", (path) => void execFileSync("mkfifo", [path])],
  ["a folder", (path) => mkdirSync(path)],
];
const names = ["events.jsonl", "log.txt", "config.json", "run.pid", "map.mrc", "report.html"];

/** What a stream tells until it has told that it is there. */
/** Once so many are told: all that are, two looks at the file later. */
async function heard(id: string, least = 0): Promise<RunEvent[]> {
  const seen: RunEvent[] = [];
  let connected = false;
  const end = source.follow(
    id,
    (events) => seen.push(...events),
    (now) => (connected = now),
  );
  await until(() => connected && seen.length >= least);
  await new Promise((resolve) => setTimeout(resolve, 700));
  end();
  return seen;
}

describe.each(places)("%s", (kind, put) => {
  test.concurrent.each(names)("in the place of %s is neither read, waited for, nor written through", async (name) => {
    writeFileSync(join(outside, "secret"), `${secret}\nerror: a secret\n`);
    const run = aRun(`${kind} as ${name}`.replaceAll(" ", "-")),
      id = runId(run),
      path = join(run, name);
    rmSync(path, { force: true });
    put(path);
    if (name !== "run.pid") writeFileSync(join(run, "run.pid"), "{}"); // it is listed without events, too

    const list = await source.list();
    expect(JSON.stringify(list)).not.toContain("a secret");
    expect(await server.ask(`/api/runs/${id}/files/${name}`)).toMatchObject({ status: 404 });
    if (list.some((one) => one.id === id)) {
      const events = await heard(id, name === "events.jsonl" ? 0 : 1);
      expect(events).toEqual(name === "events.jsonl" ? [] : [startEvent("2026-01-01T00:00:00.000Z")]);
      await expect(source.stop(id)).rejects.toThrow();
      expect(JSON.stringify(await source.tasks!.outcome(id))).not.toContain("a secret");
      if (kind !== "a folder")
        for (const begin of [
          () => source.tasks!.start(id, "postprocess", {}),
          () => source.tasks!.start(id, "export", {}),
          () => source.tasks!.report(id),
        ])
          await expect(begin()).rejects.toThrow(`${path} leads out of the run folder, or is no file; remove it`);
      if (["log.txt", "config.json", "run.pid"].includes(name))
        await expect(source.resume(id)).rejects.toThrow(
          `${path} ${name === "config.json" ? "cannot be read" : "is not"}`,
        );
    }
    expect(readdirSync(outside)).toEqual(["secret"]);
    expect(readFileSync(join(outside, "secret"), "utf8")).toBe(`${secret}\nerror: a secret\n`);
    rmSync(run, { recursive: true });
  });
});

test.each(places)(
  "%s in the place of a task, or of its log, tells nothing and is not waited for",
  async (kind, put) => {
    writeFileSync(join(outside, "secret"), `error: a secret\n{"type":"finished","files":"a secret"}\n`);
    writeFileSync(join(outside, "log.txt"), "error: a secret\n");
    const run = aRun(`${kind} of a task`.replaceAll(" ", "-"));
    mkdirSync(join(run, "postprocess-1"));
    for (const path of [join(run, "export-1"), join(run, "postprocess-1", "log.txt")]) put(path);
    const { tasks } = await source.tasks!.outcome(runId(run));
    expect(JSON.stringify(tasks)).not.toContain("secret");
    expect(tasks.map(({ name, state, files }) => [name, state, files])).toEqual(
      (kind === "a folder" ? ["export-1", "postprocess-1"] : ["postprocess-1"]).map((name) => [name, "stopped", []]),
    );
    rmSync(run, { recursive: true });
    rmSync(join(outside, "log.txt"));
  },
);

test("a folder inside that leads out is not followed; a link that stays inside is", async () => {
  const run = aRun("inside");
  writeFileSync(join(outside, "events.jsonl"), secret);
  symlinkSync(outside, join(run, "up"));
  symlinkSync("config.json", join(run, "latest.json"));
  expect((await server.ask(`/api/runs/${runId(run)}/files/up/events.jsonl`)).status).toBe(404);
  expect((await server.ask(`/api/runs/${runId(run)}/files/latest.json`)).status).toBe(200);
  rmSync(join(outside, "events.jsonl"));
});

test("a socket is no file", async () => {
  const run = aRun("socket"),
    listening = createServer().listen(join(run, "map.mrc"));
  await once(listening, "listening");
  expect((await server.ask(`/api/runs/${runId(run)}/files/map.mrc`)).status).toBe(404);
  listening.close();
});

test("a file of great length and a line of great length are not taken into memory", async () => {
  const run = aRun("long"),
    id = runId(run);
  // Sparse: of a terabyte, nothing but zeros.
  execFileSync("truncate", ["-s", "1T", join(run, "log.txt"), join(run, "run.pid"), join(run, "config.json")]);
  writeFileSync(join(run, "events.jsonl"), `${JSON.stringify(startEvent("2026-01-01T00:00:00.000Z"))}\n`);
  execFileSync("truncate", ["-s", "1T", join(run, "events.jsonl")]);
  expect((await source.list()).find((one) => one.id === id)).toMatchObject({ state: "failed" });
  await expect(source.resume(id)).rejects.toThrow("longer than any such file of a run");
  rmSync(join(run, "run.pid"));
  await expect(source.resume(id)).rejects.toThrow("longer than any such file of a run");
  expect(await heard(id, 1)).toEqual([startEvent("2026-01-01T00:00:00.000Z")]);
  writeFileSync(join(run, "events.jsonl"), `\n${JSON.stringify(warning("behind it"))}\n`, { flag: "a" });
  expect(await heard(id, 2)).toEqual([startEvent("2026-01-01T00:00:00.000Z"), warning("behind it")]);
  rmSync(run, { recursive: true });
});

describe("going on with a run of others", () => {
  test("appends to no file that has another name, or is elsewhere", async () => {
    writeFileSync(join(outside, "secret"), "precious\n");
    for (const link of [linkSync, symlinkSync]) {
      const run = aRun(`log-${link.name}`);
      link(join(outside, "secret"), join(run, "log.txt"));
      await expect(source.resume(runId(run))).rejects.toThrow("log.txt is not a plain file; remove it");
    }
    expect(readFileSync(join(outside, "secret"), "utf8")).toBe("precious\n");
  });

  test("writes its own events where a link stood, and what a name holds stays within its line", async () => {
    writeFileSync(join(outside, "secret"), "precious\n");
    const run = aRun("names"),
      name = join(folder, "a.star\ntouch pwned; $(touch pwned)\x1b[2J");
    const config = JSON.parse(readFileSync(join(run, "config.json"), "utf8")) as object;
    writeFileSync(join(run, "config.json"), JSON.stringify({ ...config, particlesFile: name }));
    rmSync(join(run, "events.jsonl"));
    symlinkSync(join(outside, "secret"), join(run, "events.jsonl"));
    await expect(source.resume(runId(run))).rejects.toThrow("a.star");
    const log = readFileSync(join(run, "log.txt"), "utf8").trimEnd().split("\n");
    expect(log[0]).toMatch(
      /^\$ cryogan reconstruct [^\p{C}]*a\.star\\u000atouch pwned; \$\(touch pwned\)\\u001b\[2J'$/u,
    );
    for (const line of log.slice(1)) expect(line).toMatch(/^(error: |$)/);
    expect(readFileSync(join(outside, "secret"), "utf8")).toBe("precious\n");
  });

  test.each(["null", "[]", "3", '"x"', "{", '{"particlesFile":"/p.star"}'])("refuses the options %s", async (text) => {
    const run = aRun("options");
    writeFileSync(join(run, "config.json"), text);
    await expect(source.resume(runId(run))).rejects.toThrow("config.json cannot be read");
  });

  test.each([
    ["particlesFile", "/a\0b"],
    ["seed", 1e300],
    ["threads", 1e9],
    ["symmetry", { toString: "x" }],
    ["stages", "adversarial 99999999:9"],
  ])("refuses %s that the command line would", async (key, value) => {
    const run = aRun("values");
    const config = JSON.parse(readFileSync(join(run, "config.json"), "utf8")) as object;
    writeFileSync(join(run, "config.json"), JSON.stringify({ ...config, [key]: value }));
    await expect(source.resume(runId(run))).rejects.toThrow("config.json cannot be read");
  });
});

describe("stopping", () => {
  const others: ChildProcess[] = [];
  afterAll(() => others.forEach((child) => child.kill("SIGKILL")));
  /** A process that has nothing to do with the run, but may have opened a file of it. */
  async function another(code = ""): Promise<ChildProcess> {
    const child = spawn(process.execPath, ["-e", `${code}; setInterval(() => {}, 1000); console.log("up")`]);
    others.push(child);
    await once(child.stdout, "data");
    return child;
  }
  const isUp = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

  test.each([
    ["its true beginning", (claim: object) => claim],
    ["no beginning", ({ started: _, ...claim }: { started?: string }) => claim],
  ])("spares a process that run.pid names with %s", async (_, change) => {
    const run = aRun("forged"),
      child = await another();
    rmSync(join(run, "run.pid"), { force: true });
    await recordProcess(run, child.pid!, ["cryogan"]);
    const claim = JSON.parse(readFileSync(join(run, "run.pid"), "utf8")) as { started?: string };
    expect(claim).toMatchObject({ pid: child.pid, host: hostname() });
    writeFileSync(join(run, "run.pid"), JSON.stringify(change(claim)));
    expect((await source.list()).find(({ id }) => id === runId(run))).toMatchObject({ state: "running" });
    await expect(source.stop(runId(run))).rejects.toThrow(`process ${child.pid} does not show itself to be this run's`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(isUp(child)).toBe(true);
  });

  test("spares a process that reads run.pid, or holds the one of another run", async () => {
    const mine = aRun("mine"),
      forged = aRun("forged too");
    writeFileSync(join(mine, "run.pid"), "{}");
    for (const [run, flags, of] of [
      [forged, "r", forged],
      [forged, "r+", mine],
    ] as const) {
      writeFileSync(join(run, "run.pid"), "{}");
      const child = await another(`require("fs").openSync(${JSON.stringify(join(of, "run.pid"))}, "${flags}")`);
      rmSync(join(forged, "run.pid"), { force: true });
      await recordProcess(forged, child.pid!, []);
      await expect(source.stop(runId(forged))).rejects.toThrow("does not show itself");
      expect(isUp(child)).toBe(true);
    }
    // The other way round: a link to the file that the other holds.
    const child = await another(`require("fs").openSync(${JSON.stringify(join(mine, "run.pid"))}, "r+")`);
    const record = JSON.parse(readFileSync(join(forged, "run.pid"), "utf8")) as object;
    writeFileSync(join(mine, "run.pid"), JSON.stringify({ ...record, pid: child.pid, started: undefined }));
    for (const link of [linkSync, symlinkSync]) {
      rmSync(join(forged, "run.pid"));
      link(join(mine, "run.pid"), join(forged, "run.pid"));
      await expect(source.stop(runId(forged))).rejects.toThrow();
    }
    expect(isUp(child)).toBe(true);
    await source.stop(runId(mine)); // the same file under its own name
    await once(child, "exit");
  });

  test("what lsof prints, where there is no /proc", () => {
    const printed = ["p71", "fcwd", "a ", "n/data", "f1", "aw", "n/dev/null", "f21", "au", "n/data/run/run.pid"];
    expect(writtenFiles([...printed, "f22", "ar", "n/data/x", "f23", "a ", "n/y", ""].join("\n"))).toEqual([
      "/dev/null",
      "/data/run/run.pid",
    ]);
  });
});
