/** A small run, started, stopped, resumed through the API as the page does it. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { thisCommand } from "../../../src/base/thisCommand.ts";
import type { RunEvent } from "../../../src/reconstruct/folder/events.ts";
import { readProcess } from "../../../src/reconstruct/folder/runProcess.ts";
import { httpSource } from "../../../src/web/live/httpSource.ts";
import type { RunSource, RunState } from "../../../src/web/live/source.ts";
import { createProcesses } from "../../../src/web/server/processes.ts";
import { cryogan } from "../../cli/run.ts";
import { program } from "../../program.ts";
import { smallParticleSet } from "../../reconstruct/data.ts";
import { serving, temporaryFolder, token, until } from "./serving.ts";

const folder = temporaryFolder(),
  runs = join(folder, "runs");
const command = [process.execPath, program];
let particles: string, source: RunSource, address: string;

beforeAll(async () => {
  particles = await smallParticleSet(folder);
  ({ address } = await serving([runs], { processes: createProcesses(runs, command, Infinity) }));
  source = await httpSource(address, token);
});
afterAll(async () => {
  for (const run of await source.list())
    if (run.state === "running") process.kill((await readProcess(run.name))!.pid, "SIGKILL");
});

const stateOf = async (id: string): Promise<RunState | undefined> =>
  (await source.list()).find((run) => run.id === id)?.state;
const eventsOf = (name: string): RunEvent[] =>
  readFileSync(join(runs, name, "events.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as RunEvent);
const quick = { device: "cpu", maxShift: "0", threads: "1" };

test("a run is started, stopped, gone on with after a server restart, and finishes", async () => {
  const seen: RunEvent[] = [];
  const id = await source.start({
    ...quick,
    particlesFile: particles,
    out: "a run",
    stages: "adversarial 12:400, refine 12:1:500",
    checkpointEvery: "5s",
    seed: "3",
  });
  const end = source.follow(
    id,
    (events) => seen.push(...events),
    () => {},
  );
  afterAll(end);
  await until(() => seen.some((event) => event.type === "progress"));
  expect(await stateOf(id)).toBe("running");
  const config = JSON.parse(readFileSync(join(runs, "a run", "config.json"), "utf8")) as Record<string, unknown>;
  expect(config).toMatchObject({
    particlesFile: particles,
    seed: 3,
    device: "cpu",
    maxShift: 0,
    checkpointEvery: 5,
  });
  await expect(source.resume(id)).rejects.toThrow("it is running");
  await expect(source.start({ ...quick, particlesFile: particles, out: "a run" })).rejects.toMatchObject({
    fields: { out: expect.stringContaining("there already") },
  });

  // Two clicks: a second signal would end it at once, without a checkpoint.
  await Promise.all([source.stop(id), source.stop(id)]);
  await until(async () => (await stateOf(id)) === "stopped");
  expect(eventsOf("a run").slice(-2)).toMatchObject([{ type: "checkpoint", stage: 1 }, { type: "stopped" }]);
  expect(existsSync(join(runs, "a run", "run.pid"))).toBe(false);
  // The process says so last, after it has given the folder back.
  const log = (): string => readFileSync(join(runs, "a run", "log.txt"), "utf8");
  await until(() => log().includes("stopped; go on with: "));
  expect(log()).toMatch(/^\$ cryogan reconstruct .*\n[\s\S]*stopped; go on with: /);
  await expect(source.stop(id)).rejects.toThrow("it is not running");
  const reached = Math.max(...seen.map((event) => (event.type === "progress" ? event.iteration : 0)));

  // Another server knows all of it from the folder.
  const again = await httpSource(
    (await serving([runs], { processes: createProcesses(runs, command, Infinity) })).address,
    token,
  );
  await Promise.all([again.resume(id), expect(again.resume(id)).rejects.toThrow(/started|running/)]);
  await until(() => seen.filter((event) => event.type === "start").length === 2);
  expect(await stateOf(id)).toBe("running");
  await until(() => seen.at(-1)?.type === "finished");
  await until(
    async () => (await stateOf(id)) === (seen.at(-1) as Extract<RunEvent, { type: "finished" }>).verdict!.kind,
  );
  const after = seen
    .slice(seen.findLastIndex((event) => event.type === "start"))
    .filter((event) => event.type === "progress");
  expect(after[0]!.iteration).toBeGreaterThanOrEqual(reached);
  expect(seen).toEqual(eventsOf("a run"));
  expect((await source.file(id, "map.mrc"))!.byteLength).toBe(1024 + 4 * 24 ** 3);
});

test("a run that has ended goes on with more time and finer, and what it cannot do is told at the field", async () => {
  const id = await source.start({ ...quick, particlesFile: particles, out: "more", resolution: "36", timeLimit: "4s" });
  const ended = (count: number) =>
    until(() => readFileSync(join(runs, "more", "events.jsonl"), "utf8").split('{"type":"finished"').length > count);
  const fields = (further: Record<string, string>) =>
    source.resume(id, further).then(
      () => ({}),
      (error: { fields?: unknown }) => error.fields,
    );
  await ended(1);
  await until(async () => (await stateOf(id)) !== "running");
  expect(await fields({ timeLimit: "1s" })).toEqual({ timeLimit: expect.stringContaining("leaves nothing to go on") });
  expect(await fields({ resolution: "72" })).toEqual({ "": expect.stringContaining("leaves nothing to see") });
  expect(await fields({ symmetry: "D2" })).toEqual({ symmetry: "stays what the run began with" });
  await source.resume(id, { timeLimit: "5m", resolution: "24" });
  await ended(2);
  await until(async () => (await stateOf(id)) !== "running");
  const config = JSON.parse(readFileSync(join(runs, "more", "config.json"), "utf8")) as Record<string, unknown>;
  expect(config).toMatchObject({ timeLimit: 300, resolution: 24, device: "cpu" });
  const finest = eventsOf("more").flatMap((event) => (event.type === "finished" ? [event.finestAngstrom] : []));
  expect(finest[1]).toBeLessThan(finest[0]!);
});

test("a killed run is stopped; resuming it goes on", async () => {
  const id = await source.start({
    ...quick,
    particlesFile: particles,
    stages: "adversarial 12:3000",
    checkpointEvery: "0.1s",
  });
  const name = (await source.list()).find((run) => run.id === id)!.name;
  expect(name).toBe(join(runs, "particles-1"));
  await until(() => existsSync(join(name, "checkpoint.bin")));
  process.kill((await readProcess(name))!.pid, "SIGKILL");
  await until(async () => (await stateOf(id)) === "stopped");
  expect(existsSync(join(name, "run.pid"))).toBe(true);
  await source.resume(id);
  expect(await stateOf(id)).toBe("running");
  await source.stop(id);
  await until(async () => (await stateOf(id)) === "stopped");
  expect(eventsOf("particles-1").at(-1)!.type).toBe("stopped");
});

test("what is wrong with a form is told, and leaves nothing behind", async () => {
  const before = readdirSync(runs);
  const fields = (form: Record<string, string | boolean>) =>
    source.start(form).then(
      () => ({}),
      (error: { fields?: unknown }) => error.fields,
    );
  expect(await fields({ particlesFile: join(folder, "none.star") })).toEqual({
    particlesFile: "there is no such file",
  });
  expect(await fields({ particlesFile: folder })).toEqual({ particlesFile: "there is no such file" });
  expect(await fields({ particlesFile: particles, seed: "x" })).toEqual({
    seed: expect.stringContaining("expected a whole number"),
  });
  for (const out of ["..", ".", "../x", "a/b", "/tmp/x", ".hidden", "-x", "a\0b", "a\\b"])
    expect(await fields({ particlesFile: particles, out })).toEqual({
      out: expect.stringContaining("expected a name"),
    });
  // What only reading the input tells, comes from the run itself.
  writeFileSync(join(folder, "broken.star"), readFileSync(particles, "utf8").replace(/(\s)0*17@/, "$199999@"));
  expect(await fields({ ...quick, particlesFile: join(folder, "broken.star") })).toEqual({
    particlesFile: expect.stringMatching(/broken\.star: row 17 .*99999/),
  });
  expect(readdirSync(runs)).toEqual(before);
});

test("a run that fails later says why", async () => {
  // A pixel far beyond all others is met when images are brought to one scale.
  const own = join(folder, "spike");
  mkdirSync(own);
  const stack = readFileSync(join(folder, "particles.mrcs"));
  stack.writeFloatLE(1e30, 1024 + 4 * (41 * 24 ** 2 + 12 * 24 + 12));
  writeFileSync(join(own, "particles.mrcs"), stack);
  writeFileSync(join(own, "particles.star"), readFileSync(particles, "utf8"));
  const id = await source.start({ ...quick, particlesFile: join(own, "particles.star"), out: "spike" });
  await until(async () => (await stateOf(id)) === "failed");
  expect((await source.list()).find((run) => run.id === id)!.message).toMatch(/row 42/);
  expect(eventsOf("spike").at(-1)).toMatchObject({ type: "failed", message: expect.stringMatching(/row 42/) });
  // And with what options it was begun, though it came to no schedule.
  const config = JSON.parse(readFileSync(join(runs, "spike", "config.json"), "utf8")) as Record<string, unknown>;
  expect(config).toMatchObject({ particlesFile: join(own, "particles.star"), maxShift: 0, threads: 1 });
  expect(config).not.toHaveProperty("used");
});

test("a second process is kept from the folder of a run", async () => {
  const id = await source.start({ ...quick, particlesFile: particles, out: "taken", stages: "adversarial 12:5000" });
  const again = ["--out", join(runs, "taken"), "--overwrite", "--device", "cpu"];
  const { code, stderr } = await cryogan("reconstruct", particles, ...again);
  expect(code).toBe(1);
  expect(stderr).toMatch(/a run goes on in it \(process \d+\)/);
  expect(await stateOf(id)).toBe("running");
  await source.stop(id);
  await until(async () => (await stateOf(id)) === "stopped");
});

test("the program that runs are started with is this one", () => {
  const main = thisCommand().at(-1)!;
  expect(main).toBe(join(process.cwd(), "src/main.ts"));
  expect(existsSync(main)).toBe(true);
});
