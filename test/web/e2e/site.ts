/** What the browser is shown: the page as it is shipped, particles, runs, and a `cryogan serve` over them. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunEvent } from "../../../src/reconstruct/folder/events.ts";
import { runId } from "../../../src/web/server/runs.ts";
import { cryogan } from "../../cli/run.ts";
import { temporaryFolder } from "../../io/helpers.ts";
import { program } from "../../program.ts";
import { smallParticleSet } from "../../reconstruct/data.ts";
import { recordedRuns, unpackRun } from "../recordedRun.ts";

export const root = fileURLToPath(new URL("../../..", import.meta.url));
export const pageFolder = join(root, "dist/page");
export const token = "a token for tests";

export const buildPage = (): void =>
  void execFileSync(process.execPath, [join(root, "node_modules/vite/bin/vite.js"), "build", "--logLevel", "error"], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, NODE_ENV: "production" },
  });

export interface Site extends RunSite {
  particles: string;
}

/** A `cryogan serve` over a folder of runs. */
export interface RunSite {
  /** Of all runs, those begun from the page too. */
  runs: string;
  path(run: string, file: string): string;
  id(run: string): string;
  events(run: string): Promise<RunEvent[]>;
  json<T>(run: string, file: string): Promise<T>;
  /** Ends with "/". */
  address: string;
  /** Ends the server without a word, as a crash does. */
  kill(): Promise<void>;
  /** Starts it again at the same address. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Runs: "whole-set" and "halves" are finished, the latter with half maps; "broken" has failed, "halted" was stopped.
 */
export async function makeSite(): Promise<Site> {
  const folder = temporaryFolder(),
    runs = join(folder, "runs");
  const path = (run: string, file: string) => join(runs, run, file);
  mkdirSync(join(folder, "data", "Job 2"), { recursive: true });
  const particles = await smallParticleSet(join(folder, "data"), 600);
  const stages = ["--device", "cpu", "--max-shift", "0", "--stages", "adversarial 12:100, refine 12:2, refine 20:1"];
  for (const options of [
    ["--out", join(runs, "whole-set")],
    ["--out", join(runs, "halves"), "--half-maps"],
  ]) {
    const { code, stderr } = await cryogan("reconstruct", particles, ...options, ...stages);
    if (code !== 0) throw new Error(stderr);
  }
  const time = "2026-01-02T03:04:05.000Z";
  const made: Record<string, RunEvent[]> = {
    broken: [{ type: "failed", time, message: "particles.mrcs is cut off" }],
    halted: [{ type: "stopped", time }],
  };
  for (const [run, events] of Object.entries(made)) {
    mkdirSync(path(run, ""));
    writeFileSync(path(run, "events.jsonl"), events.map((event) => `${JSON.stringify(event)}\n`).join(""));
  }

  return Object.assign(await serveRuns(folder), { particles });
}

/** Runs "molecules", "hinge" and "hinge-2" as they were recorded. */
export async function recordedSite(): Promise<RunSite> {
  const folder = temporaryFolder();
  for (const name of ["runs", "data"]) mkdirSync(join(folder, name));
  for (const name of recordedRuns) unpackRun(name, join(folder, "runs", name));
  return serveRuns(folder);
}

/** @param folder holds the folders `runs` and `data`; goes when the site is closed */
async function serveRuns(folder: string): Promise<RunSite> {
  const runs = join(folder, "runs"),
    tokenFile = join(folder, "token");
  const path = (run: string, file: string) => join(runs, run, file);
  writeFileSync(tokenFile, token, { mode: 0o600 });
  let child: ChildProcess;
  let port = "0";
  const site: RunSite = {
    runs,
    path,
    address: "",
    id: (run) => runId(join(runs, run)),
    events: async (run) =>
      (await readFile(path(run, "events.jsonl"), "utf8"))
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as RunEvent),
    json: async <T>(run: string, file: string) => JSON.parse(await readFile(path(run, file), "utf8")) as T,
    async kill() {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
    async start() {
      const options = ["--port", port, "--token-file", tokenFile, "--data", join(folder, "data")];
      child = spawn(process.execPath, [program, "serve", runs, ...options], {
        cwd: root,
        stdio: ["ignore", "pipe", "inherit"],
      });
      let printed = "";
      for await (const chunk of child.stdout!.iterator({ destroyOnReturn: false }))
        if ((printed += String(chunk)).endsWith("\n")) break;
      site.address = new URL("/", printed.trim()).href;
      ({ port } = new URL(site.address));
    },
    async close() {
      await site.kill();
      rmSync(folder, { recursive: true });
    },
  };
  await site.start();
  return site;
}
