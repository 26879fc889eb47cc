/** Several processes make the map that one makes alone: all in this one, over whole runs. */
import { readdirSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseEvents } from "../../../src/reconstruct/folder/eventLines.ts";
import type { RunEvent } from "../../../src/reconstruct/folder/events.ts";
import type { RunRequest } from "../../../src/reconstruct/options.ts";
import { nodeHost } from "../../../src/reconstruct/run/nodeHost.ts";
import { reconstruct } from "../../../src/reconstruct/run/run.ts";
import { alone } from "../../../src/runtime/processes.ts";
import { eachOf, together } from "../../runtime/together.ts";
import { smallParticleSet } from "../data.ts";
import { likeness } from "../likeness.ts";

let folder: string, particlesFile: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-processes-"));
  particlesFile = await smallParticleSet(folder);
});
afterAll(() => rm(folder, { recursive: true }));

const stages: RunRequest["stages"] = [
  { kind: "adversarial", maxRadius: 6, iterations: 12 },
  { kind: "refinement", maxRadius: 6, iterations: 2, particles: 1500 },
  { kind: "local", maxRadius: 8, iterations: 2, particles: 2000 },
];
type Group = ReturnType<typeof together>;

async function run(
  name: string,
  processes: Group,
  more: Partial<RunRequest> = {},
  signals: AbortSignal[] = [],
  onEvent: (event: RunEvent) => void = () => {},
): Promise<string> {
  const out = join(folder, name);
  const request: RunRequest = { particlesFile, out, stages, device: "cpu", threads: 1, ...more };
  await eachOf(processes, (own) => reconstruct({ ...nodeHost, processes: own }, request, onEvent, signals[own.rank]));
  return out;
}

/** Of a run alone with the same request, made once. */
const alones = new Map<string, Promise<string>>();
function oneAlone(more: Partial<RunRequest>): Promise<string> {
  const key = JSON.stringify(more);
  if (!alones.has(key)) alones.set(key, run(`alone-${alones.size}`, [alone], more));
  return alones.get(key)!;
}

const plain: Partial<RunRequest> = {},
  halves: Partial<RunRequest> = { halfMaps: true },
  inClasses: Partial<RunRequest> = { classes: 2, junkClass: true };

test.each([
  ["three on two machines", [2, 1], plain, ["map.mrc"]],
  ["four on two machines", [2, 2], plain, ["map.mrc"]],
  ["with half-maps, two on a machine", [2], halves, ["half1.mrc", "half2_unaligned.mrc"]],
  ["with classes and junk, two machines", [1, 1], inClasses, ["class1.mrc", "class2.mrc"]],
])("%s make the maps of one", async (name, machines, more, maps) => {
  const one = await oneAlone(more),
    several = await run(name, together(...machines), more);
  for (const map of maps) expect(await likeness(join(one, map), join(several, map), 8)).toBeGreaterThan(0.999);
  const events = (await readFile(join(several, "events.jsonl"), "utf8")).trim().split("\n");
  expect(events.filter((line) => line.includes('"finished"'))).toHaveLength(1);
});

test("particles that two share lie in the scratch folder while they work, and are gone afterwards", async () => {
  const scratch = join(folder, "scratch"),
    seen = new Set<string>();
  await run("scratched", together(2), { scratch, stages: stages!.slice(0, 2) }, [], ({ type }) => {
    if (type === "progress") for (const name of readdirSync(scratch)) seen.add(name);
  });
  expect([...seen]).toEqual([expect.stringMatching(/^cryogan-[0-9a-f]{1,8}-all\.scratch$/)]);
  expect(readdirSync(scratch)).toEqual([]);
});

test("a run that one of two was asked to stop goes on with three, from where it was", async () => {
  const one = await oneAlone(plain),
    controllers = [new AbortController(), new AbortController()];
  const stopped = run(
    "stopped",
    together(2),
    plain,
    controllers.map(({ signal }) => signal),
    (event) => event.type === "stage" && event.kind === "local" && setTimeout(() => controllers[1]!.abort()),
  );
  await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
  const several = await run("stopped", together(2, 1), { resume: true });
  expect(await likeness(join(one, "map.mrc"), join(several, "map.mrc"), 8)).toBeGreaterThan(0.999);
  const stages = (await readFile(join(several, "events.jsonl"), "utf8")).match(/"type":"stage","stage":1/g);
  expect(stages).toHaveLength(1);
});

test("starts are made beside one another, each by another process, and are those of one process", async () => {
  const judging = { kind: "refinement", maxRadius: 6, iterations: 1, particles: 500, endsStart: true } as const,
    start = (number: number) => ({ kind: "adversarial", maxRadius: 6, iterations: 12, start: number }) as const;
  const starts: Partial<RunRequest> = {
    stages: [start(0), judging, start(1), judging, start(2), judging],
  };
  const one = await oneAlone(starts),
    several = await run("starts", together(2), starts);
  const eventsOf = async (out: string) => parseEvents(await readFile(join(out, "events.jsonl"), "utf8"));
  const [alones, shared] = [await eventsOf(one), await eventsOf(several)];
  const merits = (events: RunEvent[]) => events.flatMap((event) => (event.type === "choice" ? event.merits : []));
  expect(merits(shared)).toHaveLength(3);
  merits(alones).forEach((merit, i) => expect(merits(shared)[i]).toBeCloseTo(merit, 3));
  const told = (stage: number) =>
    shared.flatMap((event) => (event.type === "progress" && event.stage === stage ? [event.iteration] : []));
  expect(told(3)).toEqual([12]); // made beside the first
  expect(await likeness(join(one, "map.mrc"), join(several, "map.mrc"), 6)).toBeGreaterThan(0.999);
});
