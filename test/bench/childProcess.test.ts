import { describe, expect, it } from "vitest";
import { runChild } from "../../bench/childProcess.ts";

const python = "/usr/bin/python3";
const unlimited = { cores: "0", limitSeconds: 1000 };

describe("a measured child process", () => {
  it("its peak memory is what it held at most, not at its end", async () => {
    const hold = (megabytes: number): Promise<{ peakBytes: number }> =>
      runChild(
        python,
        ["-c", `import time; b = bytearray(${megabytes} << 20); time.sleep(0.3); del b; time.sleep(0.3)`],
        unlimited,
      );
    const small = await hold(1),
      large = await hold(41);
    const difference = (large.peakBytes - small.peakBytes) / 2 ** 20;
    expect(difference).toBeGreaterThan(37);
    expect(difference).toBeLessThan(43);
  });

  it("runs on the cores asked for, in the folder asked for, and its lines arrive in order", async () => {
    const lines: string[] = [];
    const { seconds, stopped } = await runChild(
      python,
      [
        "-c",
        "import os, time; print(os.sched_getaffinity(0)); " +
          "print(os.getcwd()); time.sleep(0.5); print(os.environ['ADDED'])",
      ],
      {
        ...unlimited,
        cwd: "/usr",
        env: { ADDED: "yes" },
        onLine: (line) => lines.push(line),
      },
    );
    expect(lines).toEqual(["{0}", "/usr", "yes"]);
    expect(seconds).toBeGreaterThan(0.5);
    expect(stopped).toBe(false);
  });

  it("is stopped at the limit, which is no error", async () => {
    const { seconds, stopped } = await runChild(python, ["-c", "import time; time.sleep(1000)"], {
      cores: "0",
      limitSeconds: 0.3,
    });
    expect(stopped).toBe(true);
    expect(seconds).toBeGreaterThan(0.29);
    expect(seconds).toBeLessThan(900);
  });

  it("says what a failing program said", async () => {
    await expect(
      runChild(python, ["-c", "import sys; print('half done'); sys.exit('no such particle')"], unlimited),
    ).rejects.toThrow(/status 1:[\s\S]*no such particle/);
  });

  it("a program that does not exist is an error", async () => {
    await expect(runChild("/no/such/program", [], unlimited)).rejects.toThrow("/no/such/program");
  });
});
