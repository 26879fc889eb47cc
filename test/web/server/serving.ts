/**
 * A server on a free port with runs in a temporary folder, and requests that no client library tidies up on the way.
 */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { type IncomingHttpHeaders, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import type { RunEvent } from "../../../src/reconstruct/folder/events.ts";
import type { Inspect } from "../../../src/web/live/data.ts";
import { type DataFolders, dataFolders } from "../../../src/web/server/dataFolders.ts";
import { createInspections } from "../../../src/web/server/inspections.ts";
import { createJobs, type Jobs } from "../../../src/web/server/jobs.ts";
import { createProcesses, type Processes } from "../../../src/web/server/processes.ts";
import { runsIn } from "../../../src/web/server/runs.ts";
import { type RunningServer, startServer } from "../../../src/web/server/server.ts";
import { createTasks, type Tasks } from "../../../src/web/server/tasks.ts";

const inspectProgram = fileURLToPath(new URL("../../../dist/web/server/inspectChild.js", import.meta.url));

export const token = "a token for tests";

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "cryogan-serve-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface TestServer extends RunningServer {
  /** A request as it is, path and headers untouched. */
  ask(path: string, options?: { method?: string; headers?: Record<string, string>; body?: string }): Promise<Answer>;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  text: string;
}

export async function serving(
  folders: string[],
  more: {
    port?: number;
    host?: string;
    token?: string | undefined;
    page?: string;
    processes?: Processes;
    jobs?: Jobs;
    tasks?: Tasks;
    data?: DataFolders;
    inspect?: Inspect;
  } = {},
): Promise<TestServer> {
  const jobs = more.jobs ?? createJobs(),
    data = more.data ?? dataFolders(folders[0]!, []);
  const server = await startServer({
    host: "127.0.0.1",
    token,
    port: 0,
    nextFree: false,
    runs: runsIn(folders, undefined, jobs),
    jobs,
    processes: createProcesses(folders[0]!),
    tasks: createTasks(),
    data,
    inspect: createInspections(data, [process.execPath, inspectProgram]),
    ...more,
  });
  afterAll(() => server.close());
  return { ...server, ask: (path, options) => ask(server.port, path, options) };
}

function ask(
  port: number,
  path: string,
  { method = "GET", headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const whole = Buffer.concat(chunks);
        resolve({ status: response.statusCode!, headers: response.headers, body: whole, text: whole.toString() });
      });
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

export const startEvent = (time: string): RunEvent => ({
  type: "start",
  time,
  particles: 500,
  boxSize: 24,
  pixelSizeAngstrom: 6,
  symmetry: "C1",
  device: "cpu",
  seed: 1,
});
export const warning = (message: string): RunEvent => ({ type: "warning", time: "2026-01-01T00:00:01.000Z", message });

export function writeEvents(folder: string, ...events: RunEvent[]): void {
  mkdirSync(folder, { recursive: true });
  appendFileSync(join(folder, "events.jsonl"), events.map((event) => `${JSON.stringify(event)}\n`).join(""));
}

/** Waits until it is so, however long that takes. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}
