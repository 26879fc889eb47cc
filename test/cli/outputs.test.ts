/** Runs that outlive their terminal or the reader of what they print, and clusters whose time is up. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseEvents } from "../../src/reconstruct/folder/eventLines.ts";
import { program } from "../program.ts";
import { smallParticleSet } from "../reconstruct/data.ts";
import { cryogan, runNode } from "./run.ts";

let folder: string, particles: string, expected: Buffer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-outputs-"));
  particles = await smallParticleSet(folder, 500);
  expect((await cryogan(...run("whole"))).code).toBe(0);
  expected = await map("whole");
});
afterAll(() => rm(folder, { recursive: true }));

const run = (out: string): string[] => [
  ...["reconstruct", particles, "--out", join(folder, out), "--device", "cpu", "--max-shift", "0"],
  ...["--stages", "adversarial 12:60, refine 12:1", "--checkpoint-every", "0.5s"],
];
const map = (out: string): Promise<Buffer> => readFile(join(folder, out, "map.mrc"));
const lastEvent = (out: string): string | undefined =>
  parseEvents(readFileSync(join(folder, out, "events.jsonl"), "utf8")).at(-1)?.type;
const node = [process.execPath, program];
const quoted = (args: readonly string[]): string => args.map((arg) => `'${arg}'`).join(" ");

describe("a reader that has gone", () => {
  test("does not end a run, which finishes", async () => {
    const { status, stdout, stderr } = spawnSync(
      "bash",
      ["--norc", "-c", `${quoted([...node, ...run("json"), "--json"])} | head -1; echo \${PIPESTATUS[0]}`],
      { encoding: "utf8" },
    );
    const lines = stdout.trim().split("\n");
    expect([lines.length, lines[1], status, stderr]).toEqual([2, "0", 0, ""]);
    expect(JSON.parse(lines[0]!)).toMatchObject({ type: "start" });
    expect(lastEvent("json")).toBe("finished");
    expect((await map("json")).equals(expected)).toBe(true);
  });

  test("of both outputs neither", async () => {
    const { code } = await runNode([program, ...run("both")], {}, (child) => {
      child.stdout!.destroy();
      child.stderr!.destroy();
    });
    expect([code, lastEvent("both")]).toEqual([0, "finished"]);
    expect((await map("both")).equals(expected)).toBe(true);
    expect(existsSync(join(folder, "both", "report.html"))).toBe(true);
  });

  test.each([[["inspect", "PARTICLES"]], [["reconstruct", "--help"]], [["--version"]]])(
    "leaves a command whose result is what it prints silent, and not successful: %j",
    async (args) => {
      const given = args.map((arg) => arg.replace("PARTICLES", particles));
      const outcome = await runNode([program, ...given], {}, (child) => child.stdout!.destroy());
      expect(outcome).toMatchObject({ code: 141, stderr: "" });
    },
  );

  test("does not hide an error", async () => {
    const outcome = await runNode([program, "inspect", join(folder, "none.mrc")], {}, (child) =>
      child.stdout!.destroy(),
    );
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/^error: [^\n]*none\.mrc[^\n]*\n$/);
  });

  test("is another thing than a full disk, which is an error", () => {
    const { status, stderr } = spawnSync("bash", ["--norc", "-c", `${quoted([...node, "--version"])} > /dev/full`], {
      encoding: "utf8",
    });
    expect([status, stderr]).toEqual([1, "error: cannot write to standard output (ENOSPC)\n"]);
  });
});

describe("signals", () => {
  test("SIGTERM: a checkpoint, how to go on, and the same map after --resume", async () => {
    const { code, stderr } = await runNode([program, ...run("term"), "--json"], {}, (child) => {
      let seen = "";
      child.stdout!.on("data", (chunk: Buffer) => {
        const before = seen.includes('"progress"');
        seen += chunk;
        if (!before && seen.includes('"progress"')) child.kill("SIGTERM");
      });
    });
    expect(code).toBe(143);
    expect(stderr).toMatch(
      /^\nstopping after a checkpoint, as SIGTERM asks\nstopped; go on with: cryogan reconstruct .* --resume\n$/,
    );
    expect([lastEvent("term"), existsSync(join(folder, "term", "run.pid"))]).toEqual(["stopped", false]);
    expect((await cryogan(...run("term"), "--resume")).code).toBe(0);
    expect((await map("term")).equals(expected)).toBe(true);
  });

  /** Runs the command in a terminal of its own, which it closes when the run has told of progress. */
  function inClosedTerminal(command: readonly string[], out: string): void {
    const script = `
import os, pty, sys, time
events, command = sys.argv[1], sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
os.set_blocking(terminal, False)
def begun():
    return os.path.exists(events) and '"progress"' in open(events).read()
while not begun() and os.waitpid(pid, os.WNOHANG)[0] == 0:
    try:
        os.read(terminal, 65536)
    except OSError:
        time.sleep(0.02)
os.close(terminal)
`;
    const args = ["-c", script, join(folder, out, "events.jsonl"), ...command];
    execFileSync("/usr/bin/python3", args, { stdio: "inherit" });
  }

  /**
   * A shell that begins the run, passes a hangup on to it as interactive shells do, and leaves its exit code in a file.
   */
  const inShell = (out: string, command: string, hangup = "kill -HUP $run"): string[] => [
    ...[
      "bash",
      "-c",
      `trap '${hangup}' HUP; cd '${folder}'; ${command} & run=$!; wait; wait $run; echo $? > ${out}.code`,
    ],
    "bash",
    ...node,
    ...run(out),
  ];
  async function exitCode(out: string): Promise<number> {
    const path = join(folder, `${out}.code`);
    while (!existsSync(path) || readFileSync(path, "utf8") === "")
      await new Promise((resolve) => setTimeout(resolve, 50));
    return Number(readFileSync(path, "utf8"));
  }

  test("a terminal that is closed: a checkpoint, and the same map after --resume", async () => {
    inClosedTerminal(inShell("closed", '"$@"'), "closed");
    expect([await exitCode("closed"), lastEvent("closed")]).toEqual([129, "stopped"]);
    expect((await cryogan(...run("closed"), "--resume")).code).toBe(0);
    expect((await map("closed")).equals(expected)).toBe(true);
  });

  test.each([
    ["nohup", 'nohup "$@"', undefined],
    ["setsid", 'setsid "$@"', ":"],
  ])("under %s a terminal that is closed ends nothing", async (name, command, hangup) => {
    inClosedTerminal(inShell(name, command, hangup), name);
    expect([await exitCode(name), lastEvent(name)]).toEqual([0, "finished"]);
    expect((await map(name)).equals(expected)).toBe(true);
  });
});
