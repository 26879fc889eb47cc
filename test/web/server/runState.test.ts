import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { InputError } from "../../../src/base/errors.ts";
import {
  claimFolder,
  isAlive,
  type RunProcess,
  readProcess,
  recordProcess,
} from "../../../src/reconstruct/folder/runProcess.ts";
import { runCondition } from "../../../src/web/server/runState.ts";
import { runId, runsIn } from "../../../src/web/server/runs.ts";
import { startEvent, temporaryFolder, until, warning, writeEvents } from "./serving.ts";

const time = "2026-01-01T00:00:00.000Z";
const sleeper = (): ChildProcess => spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
async function killed(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}
/** Changes what run.pid says. */
function change(folder: string, values: Partial<RunProcess>): void {
  const path = join(folder, "run.pid");
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, "utf8")) as RunProcess), ...values }));
}

describe("the process of a run", () => {
  test("lives, is killed, and its number given to another", async () => {
    const folder = temporaryFolder(),
      child = sleeper();
    writeEvents(folder, startEvent(time));
    await recordProcess(folder, child.pid!, ["cryogan"]);
    expect(await readProcess(folder)).toMatchObject({ pid: child.pid, host: hostname(), command: ["cryogan"] });
    expect(await runCondition(folder)).toEqual({ state: "running", changed: time });
    // Another process of the same number: it began at another time.
    const { started } = (await readProcess(folder))!;
    change(folder, { started: `${started}1` });
    expect(await runCondition(folder)).toEqual({ state: "stopped", changed: time });
    change(folder, { started });
    expect((await runCondition(folder)).state).toBe("running");
    await killed(child);
    expect(await runCondition(folder)).toEqual({ state: "stopped", changed: time });
  });

  test("that nobody has waited for is dead", async () => {
    // The shell's child ends; the shell, replaced by sleep, never asks for it.
    const parent = spawn("sh", ["-c", "sleep 0.2 & echo $!; exec sleep 1000"], { stdio: ["ignore", "pipe", "ignore"] });
    const pid = Number(String((await once(parent.stdout, "data"))[0]));
    const folder = temporaryFolder();
    await recordProcess(folder, pid, []);
    const found = (await readProcess(folder))!;
    await until(() => readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z "));
    expect(await isAlive(found)).toBe(false);
    await killed(parent);
  });

  test("on another machine is believed while it tells something", async () => {
    const folder = temporaryFolder();
    await recordProcess(folder, process.pid, []);
    change(folder, { host: "elsewhere" });
    writeEvents(folder, startEvent(new Date(Date.now() - 60_000).toISOString()));
    expect((await runCondition(folder)).state).toBe("running");
    writeFileSync(join(folder, "events.jsonl"), "");
    writeEvents(folder, startEvent(new Date(Date.now() - 3_600_000).toISOString()));
    expect((await runCondition(folder)).state).toBe("stopped");
  });

  test("takes a folder that another has left, not one where another works", async () => {
    const folder = temporaryFolder(),
      child = sleeper();
    await recordProcess(folder, child.pid!, []);
    await expect(claimFolder(folder)).rejects.toThrow(
      new InputError(
        `${folder}: a run goes on in it (process ${child.pid}); stop that one first, or give another folder`,
      ),
    );
    expect((await readProcess(folder))!.pid).toBe(child.pid);
    await killed(child);
    const release = await claimFolder(folder);
    expect((await readProcess(folder))!.pid).toBe(process.pid);
    await release();
    expect(await readProcess(folder)).toBeUndefined();
  });

  test("clears away what a killed one had half written, and nothing else", async () => {
    const folder = temporaryFolder(),
      left = [".checkpoint.bin.0123456789abcdef.tmp", ".half1.mrc.0123456789abcdef.tmp"],
      others = [".report.html.0123456789abcdef.tmp", ".checkpoint.bin", "checkpoint.bin.0123456789abcdef.tmp", ".note"];
    for (const name of [...left, ...others]) writeFileSync(join(folder, name), "");
    const release = await claimFolder(folder);
    await release();
    expect(readdirSync(folder).sort()).toEqual(others.sort());
  });

  test.each(["", "{", "null", '{"pid":"1"}', '{"pid":-1,"host":"x"}', '{"pid":0,"host":"x"}'])(
    "is unknown where run.pid is %j",
    async (text) => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, "run.pid"), text);
      expect(await readProcess(folder)).toBeUndefined();
    },
  );
});

const unsure = { kind: "uncertain", resolutionAngstrom: null, reason: "It was cut off." } as const;

describe("without a process", () => {
  test.each([
    [
      { type: "finished", time, elapsedSeconds: 3, finestAngstrom: 12, map: "map.mrc" },
      { state: "finished", changed: time },
    ],
    [
      { type: "finished", time, elapsedSeconds: 3, finestAngstrom: 12, map: "map.mrc", verdict: unsure },
      { state: "uncertain", changed: time },
    ],
    [
      { type: "failed", time, message: "the disk is full" },
      { state: "failed", changed: time, message: "the disk is full" },
    ],
    [
      { type: "stopped", time },
      { state: "stopped", changed: time },
    ],
    [warning("w"), { state: "stopped", changed: "2026-01-01T00:00:01.000Z" }],
  ] as const)("the last event tells: %j", async (event, condition) => {
    const folder = temporaryFolder();
    writeEvents(folder, startEvent(time), event);
    expect(await runCondition(folder)).toEqual(condition);
  });

  test("the last whole event, behind which a line was torn, in a long file", async () => {
    const folder = temporaryFolder();
    writeEvents(folder, ...Array.from({ length: 1000 }, () => warning("long ".repeat(20))), {
      type: "finished",
      time,
      elapsedSeconds: 3,
      finestAngstrom: 12,
      map: "map.mrc",
    });
    appendFileSync(join(folder, "events.jsonl"), '{"type":"start","ti');
    expect((await runCondition(folder)).state).toBe("finished");
    appendFileSync(join(folder, "events.jsonl"), `${JSON.stringify(warning("w"))}\n`); // two in one line: no event
    expect((await runCondition(folder)).state).toBe("finished");
  });

  test("nor event, the log says why", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "log.txt"), "$ cryogan reconstruct\nerror: p.star: row 3: no defocus\n");
    expect(await runCondition(folder)).toEqual({ state: "failed", message: "p.star: row 3: no defocus" });
  });
});

describe("the list of runs", () => {
  test("holds folders given, and those in folders given, once, as they come and go", async () => {
    const folder = temporaryFolder(),
      runs = runsIn([join(folder, "alone"), join(folder, "many"), join(folder, "many", "b"), join(folder, "none")]);
    writeEvents(join(folder, "alone"), startEvent(time));
    for (const name of ["b", "a", ".hidden"]) writeEvents(join(folder, "many", name), startEvent(time));
    // Not runs: what simulate leaves, a file, and a run one level deeper.
    mkdirSync(join(folder, "many", "particles"));
    writeFileSync(join(folder, "many", "particles", "config.json"), "{}");
    writeFileSync(join(folder, "many", "file"), "");
    writeEvents(join(folder, "many", "deep", "run"), startEvent(time));
    const names = async () => (await runs.list()).map(({ name }) => name.slice(folder.length + 1));
    expect(await names()).toEqual(["alone", "many/a", "many/b"]);
    writeEvents(join(folder, "many", "c"), startEvent(time));
    symlinkSync(join(folder, "alone"), join(folder, "many", "z"));
    expect(await names()).toEqual(["alone", "many/a", "many/b", "many/c", "many/z"]);
    const ids = (await runs.list()).map(({ id }) => id);
    expect(new Set(ids).size).toBe(5);
    for (const id of ids) expect(encodeURIComponent(id)).toBe(id);
    expect(await runs.folder(ids[1]!)).toBe(join(folder, "many", "a"));
    for (const id of ["", "..", "many", "a", `${ids[1]}x`, "__proto__"]) expect(await runs.folder(id)).toBeUndefined();
  });

  test("where the page starts runs, holds no others", async () => {
    const folder = temporaryFolder();
    for (const name of ["given", "other", "started"]) writeEvents(join(folder, name), startEvent(time));
    writeFileSync(join(folder, "started", "log.txt"), "");
    const names = (await runsIn([join(folder, "given")], folder).list()).map(({ name }) =>
      name.slice(folder.length + 1),
    );
    expect(names).toEqual(["given", "started"]);
  });

  test("ids do not depend on where the server is started, and differ for folders of one name", () => {
    const folder = join(process.cwd(), "a", "run 1 ü");
    expect(runId("a/run 1 ü")).toBe(runId(folder));
    expect(runId("a/run 1 ü/")).toBe(runId(folder));
    expect(runId(folder)).not.toBe(runId(join(process.cwd(), "b", "run 1 ü")));
  });

  test("a run that cannot be read does not hide the others", async () => {
    const folder = temporaryFolder();
    writeEvents(join(folder, "good"), startEvent(time));
    mkdirSync(join(folder, "odd", "run.pid"), { recursive: true }); // a folder in place of the file
    expect(await runsIn([folder]).list()).toMatchObject([
      { state: "stopped" },
      { state: "failed", message: expect.stringContaining("run.pid") },
    ]);
  });
});
