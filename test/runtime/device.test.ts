import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { chooseDevice, sessionOptions } from "../../src/runtime/device.ts";
import { nodeCpu, nodeRuntime } from "../../src/runtime/onnxRuntimeNode.ts";
import { inputError } from "../io/helpers.ts";

describe("choice of the device", () => {
  it("cpu is taken at its word", async () => {
    expect(await chooseDevice(nodeRuntime, "cpu", 3)).toEqual({ ...nodeCpu(3), reason: "as asked" });
  });

  const only =
    (...possible: string[]) =>
    async (name: string) =>
      possible.includes(name) ? undefined : "not here";

  it("auto takes the only one that can be here, without trying it", async () => {
    const runtime = { ...nodeRuntime, obstacle: only("cpu"), createSession: () => Promise.reject(new Error("tried")) };
    expect(await chooseDevice(runtime, "auto", 1)).toEqual({
      ...{ name: "cpu", threads: 1, runtime },
      reason: "the only one here",
    });
  });

  it("auto takes the fastest of those it tried, and says so", async () => {
    const runtime: typeof nodeRuntime = {
      ...nodeRuntime,
      obstacle: only("cpu", "cuda", "webgpu"),
      createSession: (model, options) =>
        options.executionProviders![0] === "cuda"
          ? Promise.reject(new Error("no driver"))
          : nodeRuntime.createSession(model, { ...options, executionProviders: ["cpu"] }),
    };
    const device = await chooseDevice(runtime, "auto", 1);
    const list = /^fastest on a 512×512 product \((.+)\)$/.exec(device.reason)?.[1];
    const times = new Map(
      list!
        .split(", ")
        .map((entry) => /^(\w+) ([\d.]+) ms$/.exec(entry)!)
        .map(([, name, ms]) => [name, Number(ms)]),
    );
    expect([...times.keys()].sort()).toEqual(["cpu", "webgpu"]);
    expect(times.get(device.name)).toBe(Math.min(...times.values()));
    expect(device.threads).toBe(1);
  });

  const refusal = (name: string): RegExp =>
    new RegExp(`^device '${name}' does not work here: .+; use --device cpu or auto$`);

  it("a provider that this platform lacks is refused by name in one line, not run on the cpu instead", async () => {
    // DirectML exists on Windows alone, ONNX Runtime's CUDA provider for Node on Linux alone.
    const absent = process.platform === "win32" ? "cuda" : "dml";
    expect(await inputError(() => chooseDevice(nodeRuntime, absent, 1))).toMatch(refusal(absent));
  });

  it("cuda by name, where its libraries or driver are missing, is refused in one line too", async () => {
    const works = await chooseDevice(nodeRuntime, "cuda", 1).then(
      (device) => device.name === "cuda",
      () => false,
    );
    if (!works) expect(await inputError(() => chooseDevice(nodeRuntime, "cuda", 1))).toMatch(refusal("cuda"));
    else expect(existsSync("/dev/nvidiactl")).toBe(true); // what every CUDA program opens
  });

  it("a device other than the cpu falls back to it for operators it lacks", () => {
    expect(sessionOptions({ name: "cpu", threads: 2 })).toMatchObject({
      executionProviders: ["cpu"],
      intraOpNumThreads: 2,
    });
    expect(sessionOptions({ name: "webgpu", threads: 0 }).executionProviders).toEqual(["webgpu", "cpu"]);
  });
});
