import { mkdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { runId } from "../../../src/web/server/runs.ts";
import { serving, startEvent, type TestServer, temporaryFolder, token, writeEvents } from "./serving.ts";

const folder = temporaryFolder(),
  run = join(folder, "run"),
  page = join(folder, "page");
const tasks = {
  start: vi.fn(async () => "export-1"),
  report: vi.fn(async () => {}),
  outcome: vi.fn(async () => ({ tasks: [] })),
};
const processes = {
  start: vi.fn(async () => run),
  stop: vi.fn(async () => {}),
  resume: vi.fn(async (..._: unknown[]) => {}),
};
const works = [...Object.values(processes), tasks.start, tasks.report];
let server: TestServer, local: string;

beforeAll(async () => {
  writeEvents(run, startEvent("2026-01-01T00:00:00.000Z"));
  mkdirSync(join(page, "assets"), { recursive: true });
  writeFileSync(join(page, "index.html"), "<title>runs</title>");
  writeFileSync(join(page, "assets", "main-1a2b.js"), "1");
  server = await serving([folder], { page, processes, tasks });
  local = `127.0.0.1:${server.port}`;
});

const routes = [
  ["POST", "/api/runs"],
  ["POST", `/api/runs/${runId(run)}/stop`],
  ["POST", `/api/runs/${runId(run)}/resume`],
  ["POST", `/api/runs/${runId(run)}/postprocess`],
  ["POST", `/api/runs/${runId(run)}/export`],
  ["POST", `/api/runs/${runId(run)}/report`],
] as const;

describe("writing", () => {
  test.each(routes)("%s %s needs the token", async (method, path) => {
    const authorized = { Authorization: `Bearer ${token}` };
    for (const Authorization of [
      "",
      token,
      `Bearer ${token}x`,
      `Bearer ${token.slice(0, -1)}`,
      "Bearer ",
      `Basic ${token}`,
      "Bearer undefined",
    ])
      expect(await server.ask(path, { method, headers: { Authorization }, body: "{}" })).toMatchObject({ status: 401 });
    expect(await server.ask(path, { method, body: "{}" })).toMatchObject({ status: 401 });
    // Not from where another site could put it.
    expect(await server.ask(`${path}?token=${encodeURIComponent(token)}`, { method, body: "{}" })).toMatchObject({
      status: 401,
    });
    for (const work of works) expect(work).not.toHaveBeenCalled();
    expect((await server.ask(path, { method, headers: authorized, body: "{}" })).status).toBeLessThan(300);
    expect(works.filter((work) => work.mock.calls.length === 1)).toHaveLength(1);
    vi.clearAllMocks();
  });

  test.each(routes)("%s %s is refused without a token to have", async (method, path) => {
    const readOnly = await serving([folder], { token: undefined, processes, tasks });
    for (const Authorization of ["Bearer undefined", "Bearer ", `Bearer ${token}`])
      expect(await readOnly.ask(path, { method, headers: { Authorization }, body: "{}" })).toMatchObject({
        status: 403,
      });
    expect(
      JSON.parse((await readOnly.ask("/api/session", { headers: { Authorization: "Bearer undefined" } })).text),
    ).toEqual({ may: { start: false, stop: false } });
    for (const work of works) expect(work).not.toHaveBeenCalled();
  });

  test("the session tells what the token allows", async () => {
    const may = async (headers: Record<string, string>) =>
      JSON.parse((await server.ask("/api/session", { headers })).text) as unknown;
    expect(await may({})).toEqual({ may: { start: false, stop: false } });
    expect(await may({ Authorization: "Bearer wrong" })).toEqual({ may: { start: false, stop: false } });
    expect(await may({ Authorization: `Bearer ${token}` })).toEqual({ may: { start: true, stop: true } });
  });

  test("a form is a JSON object of strings and booleans, and not endless", async () => {
    const headers = { Authorization: `Bearer ${token}` };
    for (const body of ["", "{", "[]", "null", '{"a":1}', '{"a":{"b":""}}'])
      expect(await server.ask("/api/runs", { method: "POST", headers, body })).toMatchObject({ status: 400 });
    expect(
      await server.ask("/api/runs", { method: "POST", headers, body: JSON.stringify({ a: "x".repeat(100_000) }) }),
    ).toMatchObject({ status: 413 });
    expect(processes.start).not.toHaveBeenCalled();
    const resume = (body?: string) =>
      server.ask(`/api/runs/${runId(run)}/resume`, {
        method: "POST",
        headers,
        ...(body === undefined ? {} : { body }),
      });
    for (const body of ["{", "[]", "null", '{"a":1}']) expect((await resume(body)).status).toBe(400);
    expect((await resume(JSON.stringify({ a: "x".repeat(100_000) }))).status).toBe(413);
    expect(processes.resume).not.toHaveBeenCalled();
    expect((await resume()).status).toBe(204);
    expect((await resume('{"timeLimit":"1h"}')).status).toBe(204);
    expect(processes.resume.mock.calls).toEqual([
      [run, {}],
      [run, { timeLimit: "1h" }],
    ]);
    vi.clearAllMocks();
  });

  test("reading methods change nothing", async () => {
    for (const [, path] of routes.slice(1))
      expect((await server.ask(path, { headers: { Authorization: `Bearer ${token}` } })).status).toBe(404);
    expect(processes.stop).not.toHaveBeenCalled();
  });
});

describe("names and origins", () => {
  test.each(["127.0.0.1", "localhost", "LOCALHOST", "[::1]", "localhost:1234", "127.0.0.1:8765"])(
    "answers to %s",
    async (Host) => {
      expect((await server.ask("/api/runs", { headers: { Host } })).status).toBe(200);
    },
  );

  test.each([
    "evil.example",
    "evil.example:8765",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "192.168.1.2",
    "[::2]",
    hostname(),
  ])("not to %s", async (Host) => {
    for (const path of ["/", "/api/runs", `/api/runs/${runId(run)}/files/events.jsonl`, "/assets/main-1a2b.js"])
      expect((await server.ask(path, { headers: { Host } })).status).toBe(403);
  });

  test("at all addresses: numbers and the machine's name, no other names", async () => {
    const open = await serving([folder], { host: "0.0.0.0" });
    for (const Host of ["192.168.1.2:8765", hostname(), "localhost"])
      expect((await open.ask("/api/runs", { headers: { Host } })).status).toBe(200);
    expect((await open.ask("/api/runs", { headers: { Host: "evil.example" } })).status).toBe(403);
  });

  test("of requests by a page, only its own", async () => {
    const post = (headers: Record<string, string>) =>
      server.ask("/api/runs", {
        method: "POST",
        headers: { Authorization: `Bearer ${token}`, ...headers },
        body: "{}",
      });
    const get = (headers: Record<string, string>) => server.ask("/api/runs", { headers });
    for (const Origin of [
      "http://evil.example",
      "null",
      `https://${local}`,
      `http://127.0.0.1:${server.port + 1}`,
      `http://localhost:${server.port}`,
    ]) {
      expect((await post({ Origin })).status).toBe(403);
      expect((await get({ Origin })).status).toBe(403);
    }
    expect(processes.start).not.toHaveBeenCalled();
    expect((await post({ Origin: `http://${local}` })).status).toBe(201);
    expect((await get({ "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors" })).status).toBe(403);
    expect(
      (await server.ask("/", { headers: { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate" } })).status,
    ).toBe(200);
    expect((await get({})).headers).not.toHaveProperty("access-control-allow-origin");
  });
});

describe("the page", () => {
  test("comes with headers that isolate it", async () => {
    const { status, text, headers } = await server.ask("/");
    expect([status, text]).toEqual([200, "<title>runs</title>"]);
    expect(headers).toMatchObject({
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-cache",
    });
    const policy = Object.fromEntries(
      String(headers["content-security-policy"])
        .split("; ")
        .map((directive) => [directive.split(" ")[0], directive.split(" ").slice(1).join(" ")]),
    );
    expect(policy).toMatchObject({
      "default-src": "'self'",
      "script-src": "'self' 'wasm-unsafe-eval'",
      "worker-src": "'self' blob:",
      "img-src": "'self' data: blob:",
      "style-src": "'self' 'unsafe-inline'",
      "connect-src": "'self' blob: data:",
    });
  });

  test("keeps its parts with a digest in their names", async () => {
    expect((await server.ask("/assets/main-1a2b.js")).headers["cache-control"]).toContain("immutable");
  });

  test.each([
    "/../run/events.jsonl",
    "/..%2frun%2fevents.jsonl",
    "/%2e%2e/run/events.jsonl",
    "/assets/..%2f..%2frun%2fevents.jsonl",
    "/nothing.html",
    "/api/nothing",
  ])("has no %s", async (path) => {
    const answer = await server.ask(path);
    expect([answer.status, answer.text.includes("particles")]).toEqual([404, false]);
  });

  test("says how to build it where it is missing", async () => {
    const bare = await serving([folder], { page: join(folder, "nowhere") });
    expect(await bare.ask("/")).toMatchObject({ status: 503, text: "the page is not built; run: npm run build:page" });
    expect((await bare.ask("/api/runs")).status).toBe(200);
  });
});
