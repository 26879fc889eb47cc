import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseServeOptions } from "../../src/cli/options/serve.ts";
import { httpSource } from "../../src/web/live/httpSource.ts";
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
  const outcome = await runNode(["src/main.ts", ...args], { env }, (child) => {
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

test("prints an address with a token that may write, opens it, and ends with Ctrl-C", async () => {
  let opened = "";
  const { code, stdout } = await served(["serve", join(folder, "runs"), "--open"], async (address) => {
    const { origin, hash } = new URL(address);
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{32}$/);
    const source = await httpSource(origin, hash.slice("#token=".length));
    expect(source.may).toEqual({ start: true, stop: true });
    expect(await source.list()).toMatchObject([{ name: join(folder, "runs", "one"), state: "stopped" }]);
    await until(async () => (opened = await readFile(join(folder, "opened"), "utf8").catch(() => "")).endsWith("\n"));
  });
  expect([code, opened]).toEqual([0, stdout]);
});

test("--read-only has no token; --json prints the address as JSON", async () => {
  const { stdout, code } = await served(["serve", join(folder, "runs"), "--read-only", "--json"], async (address) => {
    expect((await httpSource(address)).may).toEqual({ start: false, stop: false });
  });
  expect(JSON.parse(stdout)).toEqual({ address: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/$/) });
  expect(code).toBe(0);
});

test("a host that others reach is warned of, and a token may be chosen", async () => {
  const { stderr } = await served(
    ["serve", join(folder, "runs"), "--host", "0.0.0.0", "--token", "one of my own", "--runs", join(folder, "new")],
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
  [["/", "--host", "192.0.2.1"], expect.stringMatching(/^192\.0\.2\.1 is no address of this machine/)],
])("a mistake is told in one line: %j", async (args, message) => {
  const { code, stdout, stderr } = await cryogan("serve", ...args);
  expect([code, stdout, stderr.replace(/^error: |\n$/g, "")]).toEqual([1, "", message]);
});

test.each([
  [{ folders: [] }, "FOLDERS: is required: a run folder, or a folder of run folders"],
  [{ port: "65536" }, '--port: expected a whole number from 0 to 65535, got "65536"'],
  [{ port: "http" }, '--port: expected a whole number from 0 to 65535, got "http"'],
  [{ token: "short" }, "--token: is too short; expected at least 8 characters"],
  [{ token: "long enough", readOnly: true }, "--token: has no meaning with --read-only, which lets nobody write"],
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
        await until(async () => (await state(address)) === "finished");
        await until(async () => (await readFile(join(folder, "opened"), "utf8").catch(() => "")).trim() === address);
        await until(() => printed().includes("the page is still served; Ctrl-C ends it\n"));
        expect(await state(address)).toBe("finished");
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
