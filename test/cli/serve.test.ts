import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, statSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseServeOptions } from "../../src/cli/options/serve.ts";
import { httpSource } from "../../src/web/live/httpSource.ts";
import { program } from "../program.ts";
import { smallParticleSet } from "../reconstruct/data.ts";
import { cryogan, type Outcome, runNode } from "./run.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-serve-cli-"));
  await mkdir(join(folder, "runs", "one"), { recursive: true });
  await writeFile(
    join(folder, "runs", "one", "events.jsonl"),
    '{"type":"stopped","time":"2026-01-01T00:00:00.000Z"}\n',
  );
  // The platform's opener, which notes what it was asked to open.
  await mkdir(join(folder, "bin"));
  for (const name of ["xdg-open", "open"]) {
    await writeFile(join(folder, "bin", name), `#!/bin/sh\necho "$1" >> "${folder}/opened"\n`);
    await chmod(join(folder, "bin", name), 0o755);
  }
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs a command that serves; `use` gets what it printed up to its address, and the command Ctrl-C afterwards. */
async function served(
  args: string[],
  use: (address: string, child: ChildProcess, printed: () => string) => Promise<void>,
): Promise<Outcome> {
  let used: Promise<void> | undefined;
  const env = { ...process.env, PATH: `${join(folder, "bin")}${delimiter}${process.env.PATH}` };
  const outcome = await runNode([program, ...args], { env }, (child) => {
    let printed = "";
    const look = (chunk: unknown) => {
      printed += String(chunk);
      const address = /http:\/\/[^\s"]+(?=["\s])/.exec(printed)?.[0];
      if (address) used ??= use(address, child, () => printed).finally(() => child.kill("SIGINT"));
    };
    child.stdout!.on("data", look);
    child.stderr!.on("data", look);
  });
  await used;
  return outcome;
}

const until = async (isSo: () => boolean | Promise<boolean>) => {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50));
};

/** The command lines of all processes of the machine, which every user may read. */
const commandLines = (): string[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, "utf8")];
      } catch {
        return []; // it has ended
      }
    });
/** What the opener was given: a page for its owner alone, which leads to an address. */
async function addressOpened(): Promise<string> {
  const text = () => readFile(join(folder, "opened"), "utf8").catch(() => "");
  await until(async () => (await text()).endsWith("\n"));
  const page = (await text()).trim();
  expect([statSync(page).mode & 0o777, statSync(dirname(page)).mode & 0o777]).toEqual([0o600, 0o700]);
  const html = await readFile(page, "utf8");
  expect(html).toContain('<meta http-equiv="refresh" content="0; url=http');
  return /url=([^"]*)"/.exec(html)![1]!.replaceAll("&amp;", "&");
}

test("prints an address with a token that may write, opens it, and ends with Ctrl-C", async () => {
  let opened = "";
  await rm(join(folder, "opened"), { force: true });
  const { code, stdout } = await served(["serve", join(folder, "runs"), "--open"], async (address) => {
    const { origin, hash } = new URL(address);
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{32}$/);
    const source = await httpSource(origin, hash.slice("#token=".length));
    expect(source.may).toEqual({ start: true, stop: true });
    expect(await source.list()).toMatchObject([{ name: join(folder, "runs", "one"), state: "stopped" }]);
    opened = await addressOpened();
    const page = (await readFile(join(folder, "opened"), "utf8")).trim();
    expect(commandLines().filter((line) => line.includes(program))).not.toEqual([]);
    expect(commandLines().filter((line) => line.includes(hash.slice("#token=".length)))).toEqual([]);
    expect(existsSync(page)).toBe(true);
  });
  expect([code, `${opened}\n`]).toEqual([0, stdout]);
  expect(existsSync((await readFile(join(folder, "opened"), "utf8")).trim())).toBe(false);
});

test.each([
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)("ends at %s, and says so by its exit code", async (signal, expected) => {
  const { code } = await served(["serve", join(folder, "runs")], async (_address, child) => {
    child.kill(signal);
    await once(child, "exit");
  });
  expect(code).toBe(expected);
});

test.each([
  [0o644, false],
  [0o640, false],
  [0o600, true],
])("printed to a file of mode %o, the token is there: %s", async (mode, isThere) => {
  const path = join(folder, `printed-${mode}`);
  await writeFile(path, "", { mode });
  await chmod(path, mode);
  const descriptor = openSync(path, "w");
  const outcome = await runNode(
    [program, "serve", join(folder, "runs")],
    { stdio: ["ignore", descriptor, "pipe"] },
    async (child) => {
      await until(() => readFileSync(path, "utf8").endsWith("\n"));
      child.kill("SIGINT");
    },
  );
  closeSync(descriptor);
  expect(outcome.code).toBe(0);
  expect(readFileSync(path, "utf8")).toMatch(
    isThere ? /^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{32}\n$/ : /^http:\/\/127\.0\.0\.1:\d+\/\n$/,
  );
  expect(outcome.stderr.includes("the token is not printed")).toBe(!isThere);
});

test("a file keeps the token, for its owner alone, from one server to the next", async () => {
  const path = join(folder, "token");
  const args = ["serve", join(folder, "runs"), "--token-file", path];
  const tokens: string[] = [];
  for (let i = 0; i < 2; i++)
    await served(args, async (address) => {
      const token = new URL(address).hash.slice("#token=".length);
      expect((await httpSource(address, token)).may.start).toBe(true);
      expect([readFileSync(path, "utf8"), statSync(path).mode & 0o777]).toEqual([`${token}\n`, 0o600]);
      expect(commandLines().filter((line) => line.includes(token))).toEqual([]);
      tokens.push(token);
    });
  expect(tokens[0]).toBe(tokens[1]);
  expect(tokens[0]).toMatch(/^[\w-]{32}$/);
});

test("a token that others may read, or that is none, is refused", async () => {
  const path = join(folder, "seen"),
    link = join(folder, "link");
  const refused = async (file = path) => {
    const { code, stdout, stderr } = await cryogan("serve", join(folder, "runs"), "--token-file", file);
    expect([code, stdout]).toEqual([1, ""]);
    return stderr;
  };
  await writeFile(path, "one of my own\n", { mode: 0o644 });
  expect(await refused()).toBe(`error: ${path}: others may read this token; make the file yours alone (chmod 600)\n`);
  await chmod(path, 0o600);
  await symlink(path, link);
  expect(await refused(link)).toBe(`error: ${link} is not a plain file; remove it\n`);
  for (const text of ["short", "", "two\nlines", "x".repeat(1001)]) {
    await writeFile(path, text);
    expect(await refused()).toBe(`error: ${path} holds no token; expected one line of 8 to 1000 ASCII characters\n`);
  }
});

test("--read-only has no token; --json prints the address as JSON", async () => {
  const { stdout, code } = await served(["serve", join(folder, "runs"), "--read-only", "--json"], async (address) => {
    expect((await httpSource(address)).may).toEqual({ start: false, stop: false });
  });
  expect(JSON.parse(stdout)).toEqual({ address: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/$/) });
  expect(code).toBe(0);
});

test("a host that others reach is warned of, and a token may be chosen", async () => {
  const own = join(folder, "own");
  await writeFile(own, "one of my own", { mode: 0o600 });
  const { stderr } = await served(
    ["serve", join(folder, "runs"), "--host", "0.0.0.0", "--token-file", own, "--runs", join(folder, "new")],
    async (address) => {
      expect(new URL(address).hash).toBe("#token=one%20of%20my%20own");
      expect((await httpSource(address, "one of my own")).may.start).toBe(true);
    },
  );
  expect(stderr).toMatch(/^warning: whoever reaches 0\.0\.0\.0 over the network can read these runs/m);
});

describe("a port that is taken", () => {
  const taken = createServer();
  let port: number;
  beforeAll(async () => {
    taken.listen(0, "127.0.0.1");
    await once(taken, "listening");
    ({ port } = taken.address() as AddressInfo);
  });
  afterAll(() => void taken.close());

  test("asked for by name is an error", async () => {
    expect(await cryogan("serve", join(folder, "runs"), "--port", String(port))).toEqual({
      code: 1,
      stdout: "",
      stderr: `error: port ${port} of 127.0.0.1 is taken; give another by --port\n`,
    });
  });

  test("as the usual one is passed over", async () => {
    const usual = createServer();
    const owned = await new Promise<boolean>((resolve) =>
      usual.once("error", () => resolve(false)).listen(8765, "127.0.0.1", () => resolve(true)),
    );
    try {
      await served(["serve", join(folder, "runs")], async (address) => {
        expect(Number(new URL(address).port)).toBeGreaterThan(8765);
      });
    } finally {
      if (owned) usual.close(); // else somebody else has it: as good
    }
  });
});

test.each([
  [["nowhere"], "nowhere: no such folder; give the --out folder of cryogan reconstruct, or the folder that holds such"],
  [["/", "--data", "/", "nowhere"], "nowhere: no such folder; give folders that hold particles by --data"],
  [["/", "--host", "192.0.2.1"], expect.stringMatching(/^192\.0\.2\.1 is no address of this machine/)],
])("a mistake is told in one line: %j", async (args, message) => {
  const { code, stdout, stderr } = await cryogan("serve", ...args);
  expect([code, stdout, stderr.replace(/^error: |\n$/g, "")]).toEqual([1, "", message]);
});

test.each([
  [{ folders: [] }, "FOLDERS: is required: a run folder, or a folder of run folders"],
  [{ port: "65536" }, '--port: expected a whole number from 0 to 65535, got "65536"'],
  [{ port: "http" }, '--port: expected a whole number from 0 to 65535, got "http"'],
  [{ tokenFile: "t", readOnly: true }, "--token-file: has no meaning with --read-only, which lets nobody write"],
  [{ data: ["d"], readOnly: true }, "--data: has no meaning with --read-only, which lets nobody write"],
  [{ runs: "r", readOnly: true }, "--runs: has no meaning with --read-only, which lets nobody write"],
])("%j is refused", (values, message) => {
  expect(() => parseServeOptions({ folders: ["run"], ...values })).toThrow(
    expect.objectContaining({ name: "UsageError", message }),
  );
});

describe("reconstruct --open", () => {
  let particles: string;
  beforeAll(async () => {
    particles = await smallParticleSet(folder, 500);
  });
  const args = (out: string, ...more: string[]) => [
    "reconstruct",
    particles,
    "--out",
    join(folder, "runs", out),
    "--device",
    "cpu",
    "--max-shift",
    "0",
    "--open",
    ...more,
  ];
  /** How the run that the page was opened on stands. */
  const state = async (address: string) => {
    const { origin, hash } = new URL(address),
      id = new URLSearchParams(hash.slice(1)).get("run");
    return (await (await httpSource(origin)).list()).find((run) => run.id === id)?.state;
  };

  test("shows the run while it goes on, and afterwards until Ctrl-C", async () => {
    await rm(join(folder, "opened"), { force: true });
    const { code, stdout } = await served(
      args("open", "--stages", "adversarial 12:100"),
      async (address, _child, printed) => {
        // Of a run without refinement nothing tells whether its map is right.
        await until(async () => (await state(address)) === "uncertain");
        expect(await addressOpened()).toBe(address);
        const token = /#token=([^&]*)&/.exec(address)![1]!;
        expect(commandLines().filter((line) => line.includes(token))).toEqual([]);
        await until(() => printed().includes("the page is still served; Ctrl-C ends it\n"));
        expect(await state(address)).toBe("uncertain");
      },
    );
    expect([code, stdout]).toEqual([0, `${join(folder, "runs", "open", "report.html")}\n`]);
  });

  test("the first Ctrl-C stops the run, the page goes on; the second ends it", async () => {
    const { code, stderr } = await served(
      args("stopped", "--stages", "adversarial 12:20000"),
      async (address, child, printed) => {
        await until(async () => (await state(address)) === "running");
        child.kill("SIGINT");
        await until(() => printed().includes("the page is still served; Ctrl-C ends it\n"));
        expect(await state(address)).toBe("stopped");
      },
    );
    expect(code).toBe(130);
    expect(stderr).toContain("stopped; go on with: cryogan reconstruct");
  });

  test("SIGTERM stops the run and ends the page", async () => {
    const { code, stderr } = await served(args("ended", "--stages", "adversarial 12:20000"), async (address, child) => {
      await until(async () => (await state(address)) === "running");
      child.kill("SIGTERM");
      await once(child, "exit");
    });
    expect(code).toBe(143);
    expect(stderr).toContain("stopped; go on with: cryogan reconstruct");
    expect(stderr).not.toContain("the page is still served");
  });

  test("a mistake opens no page and ends at once", async () => {
    await rm(join(folder, "opened"), { force: true });
    const outcome = await cryogan(
      "reconstruct",
      join(folder, "none.star"),
      "--out",
      join(folder, "runs", "none"),
      "--open",
    );
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/^error: [^\n]*none\.star[^\n]*\n$/);
    await expect(readFile(join(folder, "opened"))).rejects.toThrow("ENOENT");
  });
});
