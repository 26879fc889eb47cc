/**
 * The page's half against the real server: every event once and in order, whatever happens to server, run and
 * connection.
 */
import { appendFileSync, mkdirSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { disk } from "../../../src/io/disk.ts";
import { openEventLog } from "../../../src/reconstruct/folder/eventLog.ts";
import type { RunEvent } from "../../../src/reconstruct/folder/events.ts";
import { createParser, followStream, type StreamMessage } from "../../../src/web/live/eventStream.ts";
import { httpSource } from "../../../src/web/live/httpSource.ts";
import { FormError } from "../../../src/web/live/source.ts";
import { ConflictError } from "../../../src/web/server/conflict.ts";
import { runId } from "../../../src/web/server/runs.ts";
import { serving, startEvent, temporaryFolder, token, until, warning, writeEvents } from "./serving.ts";

const ends: (() => void)[] = [];
afterEach(() => ends.splice(0).forEach((end) => end()));

/** A reader of a run as the page is one. */
async function follower(address: string, run: string) {
  const seen: RunEvent[] = [],
    connections: boolean[] = [];
  let restarts = 0;
  const source = await httpSource(address);
  ends.push(
    source.follow(
      runId(run),
      (events, anew) => {
        if (anew) {
          seen.length = 0;
          restarts++;
        }
        seen.push(...events);
      },
      (connected) => connections.push(connected),
    ),
  );
  return { source, seen, connections, restarts: () => restarts };
}
const numbered = (first: number, count: number): RunEvent[] =>
  Array.from({ length: count }, (_, i) => warning(`event ${first + i} – Å`));
const begin = (n = 0) => startEvent(new Date(Date.UTC(2026, 0, 1, 0, 0, n)).toISOString());

test("events that are there, many of them, and those to come", async () => {
  const folder = temporaryFolder(),
    run = join(folder, "run"),
    there = [begin(), ...numbered(1, 2345)];
  writeEvents(run, ...there);
  const { address } = await serving([folder]);
  const { seen, connections, restarts } = await follower(address, run);
  await until(() => seen.length === there.length);
  const later = numbered(5000, 3);
  for (const event of later) writeEvents(run, event);
  // Half a line is no event until the rest of it is there.
  const line = JSON.stringify(warning("in two parts"));
  appendFileSync(join(run, "events.jsonl"), line.slice(0, 20));
  await until(() => seen.length === there.length + 3);
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(seen).toEqual([...there, ...later]);
  appendFileSync(join(run, "events.jsonl"), `${line.slice(20)}\n`);
  await until(() => seen.length === there.length + 4);
  expect(seen.at(-1)).toEqual(warning("in two parts"));
  expect([connections, restarts()]).toEqual([[true], 0]);
});

test("that there are no events yet is told, once", async () => {
  const folder = temporaryFolder(),
    run = join(folder, "run"),
    told: RunEvent[][] = [];
  mkdirSync(run);
  writeFileSync(join(run, "events.jsonl"), "");
  const { address } = await serving([folder]);
  const source = await httpSource(address);
  ends.push(
    source.follow(
      runId(run),
      (events) => told.push(events),
      () => {},
    ),
  );
  await until(() => told.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 700));
  writeEvents(run, begin());
  await until(() => told.length === 2);
  expect(told).toEqual([[], [begin()]]);
});

test("the history of days is told in few events, to each reader, however long; then all that come", async () => {
  const folder = temporaryFolder(),
    run = join(folder, "run"),
    count = 100_000;
  const at = (second: number): string => new Date(Date.UTC(2026, 0, 1) + 1000 * second).toISOString();
  const progress = (second: number): RunEvent => ({
    ...{ type: "progress", time: at(second), stage: 1, iteration: second, iterations: 1e9 },
    ...{ elapsedSeconds: second, remainingSeconds: 1, criticLoss: 1.25, volumeLoss: 0.5, realLogit: 0.125 },
    ...{ fakeLogit: -0.125, gradientPenalty: 0.0625, signalAmplitude: 1 },
  });
  writeEvents(run, begin(), ...Array.from({ length: count }, (_, i) => progress(i)), warning("in between"));
  const { address } = await serving([folder]);
  const readers = await Promise.all([follower(address, run), follower(address, run)]);
  for (const { seen } of readers) {
    await until(() => seen.length > 1 && seen.at(-1)!.type === "warning");
    expect(seen.length).toBeLessThan(5000);
    expect(seen[0]).toEqual(begin());
    // Of every hour something.
    const hours = new Set(
      seen.flatMap((event) => (event.type === "progress" ? [Math.floor(event.iteration / 3600)] : [])),
    );
    expect(hours.size).toBe(Math.ceil(count / 3600));
    expect(seen.at(-2)).toEqual(progress(count - 1));
  }
  const told = readers[0].seen.length;
  const later = Array.from({ length: 50 }, (_, i) => progress(count + i));
  writeEvents(run, ...later);
  for (const { seen, restarts } of readers) {
    await until(() => seen.length === told + later.length);
    expect(seen.slice(told)).toEqual(later);
    expect(restarts()).toBe(0);
  }
});

test("when the run has thinned its events, they are told from the first again", async () => {
  const folder = temporaryFolder(),
    run = join(folder, "run");
  writeEvents(run, begin(), ...numbered(1, 50));
  const { address } = await serving([folder]);
  const { seen, restarts } = await follower(address, run);
  await until(() => seen.length === 51);
  const fewer: RunEvent[] = [
    { ...(begin() as Extract<RunEvent, { type: "start" }>), thinned: 1 },
    ...numbered(26, 100),
  ];
  writeFileSync(join(run, ".events"), fewer.map((event) => `${JSON.stringify(event)}\n`).join(""));
  renameSync(join(run, ".events"), join(run, "events.jsonl"));
  await until(() => seen.length === fewer.length);
  expect([seen, restarts()]).toEqual([fewer, 1]);
});

test("a server restart, with events before, meanwhile and after: none twice, none missing", async () => {
  const folder = temporaryFolder(),
    run = join(folder, "run");
  writeEvents(run, begin(), ...numbered(1, 700));
  const first = await serving([folder]);
  const { seen, connections, source, restarts } = await follower(first.address, run);
  let changes = 0;
  ends.push(source.watch(() => changes++));
  await until(() => seen.length === 701);
  await first.close();
  await until(() => connections.length === 2);
  writeEvents(run, ...numbered(701, 5));
  const before = changes;
  await serving([folder], { port: first.port });
  await until(() => seen.length === 706);
  writeEvents(run, ...numbered(706, 5));
  await until(() => seen.length === 711);
  expect(seen).toEqual([begin(), ...numbered(1, 710)]);
  expect([connections, restarts()]).toEqual([[true, false, true], 0]);
  await until(() => changes > before); // what changed without a connection is asked for
});

describe("a run that is replaced starts from its first event again", () => {
  test.each([
    ["by a shorter one", 100, 5],
    ["by a longer one", 5, 100],
  ])("%s", async (_name, before, after) => {
    const folder = temporaryFolder(),
      run = join(folder, "run"),
      path = join(run, "events.jsonl");
    writeEvents(run, begin(), ...numbered(1, before));
    const { address } = await serving([folder]);
    const { seen, restarts } = await follower(address, run);
    await until(() => seen.length === before + 1);
    writeFileSync(path, "");
    writeEvents(run, begin(9), ...numbered(2000, after));
    await until(() => seen.length === after + 1);
    expect(seen).toEqual([begin(9), ...numbered(2000, after)]);
    expect(restarts()).toBe(1);
  });

  test("while there is no connection", async () => {
    const folder = temporaryFolder(),
      run = join(folder, "run");
    writeEvents(run, begin(), ...numbered(1, 5));
    const first = await serving([folder]);
    const { seen, restarts } = await follower(first.address, run);
    await until(() => seen.length === 6);
    await first.close();
    rmSync(run, { recursive: true });
    writeEvents(run, begin(1), ...numbered(1, 50));
    await serving([folder], { port: first.port });
    await until(() => seen.length === 51);
    expect([seen, restarts()]).toEqual([[begin(1), ...numbered(1, 50)], 1]);
  });

  test("emptied first, and only later begun", async () => {
    const folder = temporaryFolder(),
      run = join(folder, "run");
    writeEvents(run, begin(), ...numbered(1, 5));
    const { address } = await serving([folder]);
    const { seen, restarts } = await follower(address, run);
    await until(() => seen.length === 6);
    truncateSync(join(run, "events.jsonl"));
    await new Promise((resolve) => setTimeout(resolve, 700));
    writeEvents(run, begin(1));
    await until(() => seen.length === 1);
    expect([seen, restarts()]).toEqual([[begin(1)], 1]);
  });
});

test("a line torn by a kill is left out, and one that is torn in the middle of a file", async () => {
  const folder = temporaryFolder(),
    run = join(folder, "run");
  const log = async (goOn: boolean, ...events: RunEvent[]): Promise<void> => {
    const opened = await openEventLog(disk.at(join(run, "events.jsonl")), goOn);
    events.forEach(opened.append);
    await opened.close();
  };
  mkdirSync(run);
  await log(false, begin(), warning("a"));
  appendFileSync(join(run, "events.jsonl"), '{"type":"warn');
  await log(true, begin(1), warning("b"));
  for (const spoilt of ["null", "[]", "3", "\0\0", '{"type":"warning"}', '{"type":"stage","ti']) {
    appendFileSync(join(run, "events.jsonl"), `${spoilt}\n`);
    await log(true, warning("c"));
  }
  const { address } = await serving([folder]);
  const { seen } = await follower(address, run);
  await until(() => seen.length === 10);
  expect(seen).toEqual([begin(), warning("a"), begin(1), warning("b"), ...Array(6).fill(warning("c"))]);
});

test("on the wire: Last-Event-ID as HTML has it, an id with every message, comments that keep it open", async () => {
  const folder = temporaryFolder(),
    run = join(folder, "run");
  writeEvents(run, begin(), ...numbered(1, 3));
  const { port } = await serving([folder]);
  /** The text of a stream until `enough`. */
  const listen = (lastId: string | undefined, enough: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const headers = lastId === undefined ? {} : { "Last-Event-ID": lastId };
      const sent = request(
        { host: "127.0.0.1", port, path: `/api/runs/${runId(run)}/events`, headers, agent: false },
        (response) => {
          expect(response.headers["content-type"]).toContain("text/event-stream");
          let text = "";
          response.setEncoding("utf8").on("data", (chunk: string) => {
            text += chunk;
            if (!enough.test(text)) return;
            sent.destroy();
            resolve(text);
          });
        },
      );
      sent.on("error", reject).end();
    });
  const first = await listen(undefined, /^id: .*\n\n/m);
  expect(first).toMatch(/^:.*\n\ndata: \[\{"type":"start"/);
  const id = /^id: (.+)$/m.exec(first)![1]!;
  writeEvents(run, ...numbered(4, 1));
  const next = await listen(id, /^id: .*\n\n/m);
  expect(next).not.toContain("anew");
  expect(/^data: (.*)$/m.exec(next)![1]).toBe(JSON.stringify(numbered(4, 1)));
  // What is no position of this file.
  for (const wrong of ["0123456789abcdef.10", id.replace(/\d+$/, "999999")])
    expect(await listen(wrong, /^id: .+\n\n/m)).toMatch(/event: anew\ndata: \nid: \n\n[\s\S]*data: \[\{"type":"start"/);
  for (const none of ["", "x", "-1", `${id}; DROP`])
    expect(await listen(none, /^id: .+\n\n/m)).toMatch(/^:.*\n\ndata: \[\{"type":"start"/);
});

test("a state that changes is told to who watches the list", async () => {
  const folder = temporaryFolder(),
    run = join(folder, "run");
  const { address } = await serving([folder]);
  const source = await httpSource(address);
  const lists: unknown[] = [];
  ends.push(
    source.watch(() => void source.list().then((list) => lists.push(list.map(({ name, state }) => [name, state])))),
  );
  await new Promise((resolve) => setTimeout(resolve, 1500)); // the list is known without the run
  writeEvents(run, begin());
  await until(() => lists.length === 1);
  writeEvents(run, { type: "failed", time: "2026-01-01T00:00:02.000Z", message: "no" });
  await until(() => lists.length === 2);
  writeEvents(run, { type: "failed", time: "2026-01-01T00:00:03.000Z", message: "no" }); // no change but the time
  rmSync(run, { recursive: true });
  await until(() => lists.length === 3);
  expect(lists).toEqual([[[run, "stopped"]], [[run, "failed"]], []]);
});

test("files, starting, stopping and their errors", async () => {
  const folder = temporaryFolder(),
    run = join(folder, "run");
  writeEvents(run, begin());
  writeFileSync(join(run, "50% ü#?.txt"), "text");
  const refused = new FormError({ seed: "wrong", "": "also this" });
  const processes = {
    start: vi.fn().mockRejectedValueOnce(refused).mockResolvedValueOnce(run),
    stop: vi.fn().mockRejectedValueOnce(new ConflictError("it is not running")).mockResolvedValue(undefined),
    resume: vi.fn().mockResolvedValue(undefined),
  };
  const { address } = await serving([folder], { processes });
  const source = await httpSource(address, token),
    id = runId(run);
  expect(source.may).toEqual({ start: true, stop: true });
  expect((await httpSource(address)).may).toEqual({ start: false, stop: false });
  expect(Buffer.from((await source.file(id, "50% ü#?.txt"))!).toString()).toBe("text");
  expect(await source.file(id, "map.mrc")).toBeUndefined();
  await expect(source.start({ seed: "x" })).rejects.toMatchObject({ constructor: FormError, fields: refused.fields });
  expect(await source.start({ seed: "1", halfMaps: true })).toBe(id);
  expect(processes.start).toHaveBeenLastCalledWith({ seed: "1", halfMaps: true });
  await expect(source.stop(id)).rejects.toThrow("it is not running");
  await source.stop(id);
  await source.resume(id);
  expect(processes.resume).toHaveBeenLastCalledWith(run, {});
  await expect(source.stop("none")).rejects.toThrow("there is no such run");
  await expect((await httpSource(address)).start({})).rejects.toThrow("token");
});

describe("the reader of a stream", () => {
  const parsed = (text: string, cuts: number[] = []): StreamMessage[] => {
    const messages: StreamMessage[] = [],
      take = createParser((message) => messages.push(message));
    [0, ...cuts].forEach((cut, i) => take(text.slice(cut, cuts[i])));
    return messages;
  };

  test("understands the examples of the HTML standard", () => {
    // Section 9.2.6; there, too, a message without data is none, but for our named ones.
    expect(parsed("data: YHOO\ndata: +2\ndata: 10\n\n")).toEqual([
      { event: "message", data: "YHOO\n+2\n10", lastId: "" },
    ]);
    expect(
      parsed(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n"),
    ).toEqual([
      { event: "message", data: "first event", lastId: "1" },
      { event: "message", data: "second event", lastId: "" },
    ]);
    expect(parsed("data\n\ndata\ndata\n\ndata:")).toEqual([
      { event: "message", data: "", lastId: "" },
      { event: "message", data: "\n", lastId: "" },
    ]);
    expect(parsed("data:test\n\ndata: test\n\n").map(({ data }) => data)).toEqual(["test", "test"]);
  });

  test("wherever the text is cut, with any of the three line ends", () => {
    for (const end of ["\n", "\r\n", "\r"]) {
      const text = `event: anew${end}id: 7${end}${end}data: a: b${end}data:${end}${end}${end}: x${end}`,
        whole = parsed(text);
      expect(whole).toEqual([
        { event: "anew", data: "", lastId: "7" },
        { event: "message", data: "a: b\n", lastId: "7" },
      ]);
      for (let cut = 1; cut < text.length; cut++) expect(parsed(text, [cut])).toEqual(whole);
    }
  });
});

describe("the page hidden, awake again, and the network back", () => {
  /** What a browser has and Node lacks. */
  function browser() {
    const page = Object.assign(new EventTarget(), { hidden: false }),
      here = new EventTarget();
    vi.stubGlobal("document", page);
    vi.stubGlobal("addEventListener", here.addEventListener.bind(here));
    vi.stubGlobal("removeEventListener", here.removeEventListener.bind(here));
    return {
      show(hidden: boolean) {
        page.hidden = hidden;
        page.dispatchEvent(new Event("visibilitychange"));
      },
      online: () => here.dispatchEvent(new Event("online")),
    };
  }
  afterEach(() => vi.unstubAllGlobals());

  /** A server that tells how many readers it has. */
  async function counting(): Promise<{ url: string; readers: () => number; asked: () => number; server: Server }> {
    let readers = 0,
      asked = 0;
    const server = createServer((_request, response) => {
      readers++;
      asked++;
      response.writeHead(200, { "Content-Type": "text/event-stream" }).write(": here\n\n");
      response.on("close", () => readers--);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    ends.push(() => {
      server.close();
      server.closeAllConnections();
    });
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      readers: () => readers,
      asked: () => asked,
      server,
    };
  }

  test("a hidden page holds no connection, and has one again as soon as it is seen", async () => {
    const { show } = browser(),
      { url, readers, asked } = await counting();
    const connections: boolean[] = [];
    ends.push(followStream(url, { onMessage: () => {}, onConnection: (connected) => connections.push(connected) }));
    await until(() => readers() === 1);
    show(true);
    await until(() => readers() === 0);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect([readers(), asked()]).toEqual([0, 1]);
    show(false);
    await until(() => readers() === 1);
    expect(connections).toEqual([true]); // nobody was looking
  });

  /** Without setTimeout. */
  const untilSeen = (isSo: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const timer = setInterval(() => {
        if (!isSo()) return;
        clearInterval(timer);
        resolve();
      }, 20);
    });

  test("the network back: no waiting for the next try, which here never comes", async () => {
    const { online } = browser(),
      { url, readers, server } = await counting();
    const { port } = server.address() as AddressInfo;
    const connections: boolean[] = [];
    ends.push(followStream(url, { onMessage: () => {}, onConnection: (connected) => connections.push(connected) }));
    await until(() => readers() === 1);
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    ends.push(() => vi.useRealTimers());
    server.close();
    server.closeAllConnections();
    await untilSeen(() => connections.length === 2);
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    online();
    await untilSeen(() => connections.length === 3);
    expect([connections, readers()]).toEqual([[true, false, true], 1]);
  });
});
