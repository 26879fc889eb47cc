import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { InputError } from "../../src/base/errors.ts";
import { Interrupted } from "../../src/base/interrupt.ts";
import { shellCommand } from "../../src/base/shellCommand.ts";
import { reportError } from "../../src/cli/errors.ts";
import { cryogan, runNode } from "./run.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-cli-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("help", () => {
  test.each(["simulate", "reconstruct", "evaluate", "inspect", "project", "report", "serve", "demo"])(
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
      "src/main.ts",
      "--help",
    ]);
    for (const command of ["simulate", "reconstruct", "evaluate", "inspect", "project", "report", "serve", "demo"])
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

  test("a reader that leaves early is no error", async () => {
    const outcome = await runNode(["src/main.ts", "reconstruct", "--help"], {}, (child) => child.stdout!.destroy());
    expect(outcome).toMatchObject({ code: 0, stderr: "" });
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
    expect(reported(full)).toEqual({ code: 1, text: "error: ENOSPC: no space left on device, write\n" });
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
    expect(reported(new Interrupted("stopped; go on with: x"))).toEqual({
      code: 130,
      text: "stopped; go on with: x\n",
    });
  });
});

describe("Ctrl-C", () => {
  /** A command whose run stops `afterStop` the signal: it tells that it is running, then waits. */
  async function interrupted(afterStop: string, signals: number) {
    const script = join(folder, `interrupt-${signals}.ts`);
    await writeFile(
      script,
      `
      import { reconstruct } from ${JSON.stringify(moduleUrl("src/cli/actions/reconstruct.ts"))};
      import { reportError } from ${JSON.stringify(moduleUrl("src/cli/errors.ts"))};
      const run = (options, onEvent, signal) => new Promise((resolve, reject) => {
        const alive = setInterval(() => {}, 1000);
        signal.addEventListener("abort", () => { ${afterStop} });
        process.stdout.write("running\\n");
      });
      const options = { particles: "my p.star", out: "o", json: true };
      const services = { writeReport: async () => "" };
  reconstruct(options, run, ["reconstruct", "my p.star", "--out", "o"], services)
    .catch((error) => process.exit(reportError(error)));
    `,
    );
    return runNode([pathToFileURL(script).pathname], {}, (child) => {
      let sent = 0;
      const send = () => {
        if (sent++ < signals) child.kill("SIGINT");
      };
      child.stdout!.once("data", send);
      child.stderr!.on("data", send);
    });
  }

  test.each([["resolve()"], ["reject(new DOMException('stopped', 'AbortError'))"]])(
    "once: the run stops cleanly (%s)",
    async (stop) => {
      const { code, stderr } = await interrupted(`clearInterval(alive); ${stop};`, 1);
      expect(code).toBe(130);
      expect(stderr.trim().split("\n")).toEqual([
        "stopping after a checkpoint; press Ctrl-C again to stop at once",
        "stopped; go on with: cryogan reconstruct 'my p.star' --out o --resume",
      ]);
    },
  );

  test("twice: the process ends although the run does not", async () => {
    const { code, stderr } = await interrupted("", 2);
    expect(code).toBe(130);
    expect(stderr).not.toContain("--resume");
  });

  test("a command line is quoted for the shell", () => {
    expect(shellCommand(["a", "b c", "it's", "$x", "x=1,2:3"])).toBe(`a 'b c' 'it'\\''s' '$x' x=1,2:3`);
  });
});
