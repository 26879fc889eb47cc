import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { InputError } from "../../src/base/errors.ts";
import { Interrupted } from "../../src/base/interrupt.ts";
import { shellCommand } from "../../src/base/shellCommand.ts";
import { reportError } from "../../src/cli/errors.ts";
import { program } from "../program.ts";
import { cryogan, runNode } from "./run.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-cli-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("help", () => {
  test.each(["simulate", "reconstruct", "evaluate", "inspect", "project", "report", "serve", "slurm", "demo"])(
    "%s shows an example of itself",
    async (command) => {
      const { code, stdout, stderr } = await cryogan(command, "--help");
      expect(stdout).toMatch(new RegExp(`Examples?:\\n  \\$ cryogan ${command} `));
      expect(stdout).toContain("--json");
      expect([code, stderr]).toEqual([0, ""]);
    },
  );

  test("lists the commands without loading what only they need", async () => {
    // A loader hook prints every module that is resolved.
    const hook =
      `export const resolve = (name, context, next) => { process._rawDebug("load " + name); ` +
      "return next(name, context); };";
    const hookUrl = `data:text/javascript,${encodeURIComponent(hook)}`;
    const register = `import { register } from "node:module"; register("${hookUrl}");`;
    const { code, stdout, stderr } = await runNode([
      "--import",
      `data:text/javascript,${encodeURIComponent(register)}`,
      program,
      "--help",
    ]);
    for (const command of [
      "simulate",
      "reconstruct",
      "evaluate",
      "inspect",
      "project",
      "report",
      "serve",
      "slurm",
      "demo",
    ])
      expect(stdout).toContain(`  ${command} `);
    expect(stderr).toContain("load commander");
    expect(stderr).not.toMatch(/load .*(zod|onnxruntime|molstar|fast-png|\/report\/|actions)/);
    expect(code).toBe(0);
  });
});

function moduleUrl(path: string): string {
  return new URL(`../../${path}`, import.meta.url).href;
}

describe("exit codes", () => {
  test("--version prints that of package.json", async () => {
    const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as {
      version: string;
    };
    expect(await cryogan("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  test.each([
    [["reconstruct", "p.star", "--out", "o", "--wrong"], "error: unknown option '--wrong'\n"],
    [["reconstruct", "p.star"], "error: required option '--out <folder>' not specified\n"],
    [
      ["reconstruct", "p.star", "--out", "o", "--time-limit", "soon"],
      'error: --time-limit: expected a duration such as 90s, 5m or 1h30m, at most 1000h, got "soon"\n',
    ],
    [
      ["evaluate"],
      "error: MAP: is required: the map to evaluate with --reference REFERENCE, or --half-maps HALF1 HALF2 instead\n",
    ],
  ])("2 for wrong usage: %j", async (args, stderr) => {
    expect(await cryogan(...args)).toEqual({ code: 2, stdout: "", stderr });
  });

  test("1 and one line for an input that is not there", async () => {
    const { code, stdout, stderr } = await cryogan("inspect", join(folder, "none.mrc"));
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^error: [^\n]*none\.mrc[^\n]*\n$/);
  });

  test("1 for a folder that is no run", async () => {
    const { code, stderr } = await cryogan("report", folder);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `error: ${folder}: not a run folder: it holds neither config.json nor events.jsonl nor map.mrc\n`,
    );
  });
});

describe("errors", () => {
  function reported(error: unknown): { code: number; text: string } {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    try {
      const code = reportError(error);
      return { code, text: write.mock.calls.map(([text]) => String(text)).join("") };
    } finally {
      write.mockRestore();
    }
  }

  test("the user's mistakes are told in one line", () => {
    expect(reported(new InputError("p.star: row 3:\n  no defocus"))).toEqual({
      code: 1,
      text: "error: p.star: row 3: no defocus\n",
    });
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), {
      code: "ENOSPC",
      syscall: "write",
    });
    expect(reported(full)).toEqual({ code: 1, text: "error: cannot write a file: the disk is full\n" });
  });

  test("a bug is owned, its stack shown only on request", () => {
    const bug = new TypeError("x is not a function");
    const { code, text } = reported(bug);
    expect(code).toBe(70);
    expect(text).toContain("x is not a function");
    expect(text).toContain("CRYOGAN_DEBUG=1");
    expect(text).not.toContain("    at ");
    vi.stubEnv("CRYOGAN_DEBUG", "1");
    expect(reported(bug).text).toContain("    at ");
    vi.unstubAllEnvs();
  });

  test("an interrupted run says how to go on", () => {
    for (const [signal, code] of [
      ["SIGINT", 130],
      ["SIGTERM", 143],
      ["SIGHUP", 129],
      ["SIGUSR2", 140],
    ] as const)
      expect(reported(new Interrupted("stopped; go on with: x", signal))).toEqual({
        code,
        text: "stopped; go on with: x\n",
      });
  });
});

describe("Ctrl-C and other signals to stop", () => {
  /**
   * A command that is sent signals, each so many milliseconds after the one before: it tells that it is running, and
   * does `afterStop` when it is asked to stop.
   */
  async function interrupted(afterStop: string, ...signals: [NodeJS.Signals, number][]) {
    const script = join(folder, "interrupt.mjs");
    await writeFile(
      script,
      `
      import { reconstruct } from ${JSON.stringify(moduleUrl("dist/cli/actions/reconstruct.js"))};
      import { reportError } from ${JSON.stringify(moduleUrl("dist/cli/errors.js"))};
      const run = (options, onEvent, signal) => new Promise((resolve, reject) => {
        const alive = setInterval(() => {}, 1000);
        signal.addEventListener("abort", () => { ${afterStop} });
        process.stdout.write("running\\n");
      });
      const options = { particles: "my p.star", out: "o", json: true };
      reconstruct(options, run, ["reconstruct", "my p.star", "--out", "o"], { writeReport: async () => "" })
        .catch((error) => process.exit(reportError(error)));
    `,
    );
    return runNode([pathToFileURL(script).pathname], {}, (child) => {
      child.stdout!.once("data", async () => {
        for (const [signal, afterMs] of signals) {
          await new Promise((resolve) => setTimeout(resolve, afterMs));
          child.kill(signal);
        }
      });
    });
  }
  const stopped = "stopped; go on with: cryogan reconstruct 'my p.star' --out o --resume";

  test.each([["resolve()"], ["reject(new DOMException('stopped', 'AbortError'))"]])(
    "once: the run stops cleanly (%s)",
    async (stop) => {
      const { code, stderr } = await interrupted(`clearInterval(alive); ${stop};`, ["SIGINT", 0]);
      expect(code).toBe(130);
      expect(stderr.trim().split("\n")).toEqual([
        "stopping after a checkpoint; press Ctrl-C again to stop at once",
        stopped,
      ]);
    },
  );

  test.each([
    ["SIGTERM", 143],
    ["SIGUSR2", 140],
    ["SIGHUP", 129],
  ] as const)("%s as well, with its own exit code", async (signal, expected) => {
    const { code, stderr } = await interrupted("clearInterval(alive); resolve();", [signal, 0]);
    expect(code).toBe(expected);
    expect(stderr.trim().split("\n")).toEqual([`stopping after a checkpoint, as ${signal} asks`, stopped]);
  });

  test("Ctrl-C twice: the process ends although the run does not", async () => {
    const { code, stderr } = await interrupted("", ["SIGINT", 0], ["SIGINT", 700]);
    expect(code).toBe(130);
    expect(stderr).not.toContain("--resume");
  });

  test.each([
    [["SIGINT", "SIGINT"], 0, 130], // npm passes on what the terminal has sent already
    [["SIGTERM", "SIGTERM", "SIGHUP"], 600, 143], // a cluster repeats itself
  ] as const)("%j, again after %d ms, leave the run the time for a checkpoint", async (signals, afterMs, expected) => {
    const slowly = "setTimeout(() => { clearInterval(alive); resolve(); }, 2500)";
    const { code, stderr } = await interrupted(
      slowly,
      ...signals.map((signal, i): [NodeJS.Signals, number] => [signal, i === 0 ? 0 : afterMs]),
    );
    expect(code).toBe(expected);
    expect(stderr).toContain(stopped);
  });

  test("a command line is quoted for the shell", () => {
    expect(shellCommand(["a", "b c", "it's", "$x", "x=1,2:3"])).toBe(`a 'b c' 'it'\\''s' '$x' x=1,2:3`);
    // One line, and nothing that moves a terminal's cursor; read back by a shell, each argument is as it was.
    const odd = ["", "a\nb", "\x1b[2J", "it's\r\t\\", "\x7f\u0085\u202e", 'é$(x)`y`"z"'];
    const command = shellCommand(["printf", "%s|", ...odd]);
    expect(command).toMatch(/^[^\p{C}]*$/u);
    const bash = ["--norc", "-c", command];
    expect(execFileSync("bash", bash, { encoding: "utf8", env: { LC_ALL: "C.UTF-8" } })).toBe(`${odd.join("|")}|`);
  });
});
