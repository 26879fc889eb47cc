import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { serialize } from "../../../src/io/serialize.ts";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "../../../src/reconstruct/folder/checkpoint.ts";
import { inputError, temporaryFolder } from "../../io/helpers.ts";

const folder = temporaryFolder();
/** Numbers that text formats and double-to-single conversion would change. */
const odd = Float32Array.of(0.1, -0, NaN, Infinity, 1e-45, 3.4028235e38, -1 / 3);
const checkpoint: Checkpoint = {
  schedule: {
    stages: [
      { kind: "adversarial", maxRadius: 8, iterations: 500 },
      { kind: "refinement", maxRadius: 16, iterations: 2, particles: 10_000 },
    ],
    spectra: { noise: Float64Array.of(1 / 3, 1e-300), signal: Float64Array.of(Math.PI, 2 ** -1074) },
    workingBox: 32,
  },
  stage: 1,
  elapsedSeconds: 12.25,
  finished: false,
  volume: { n: 2, data: Float32Array.from({ length: 8 }, (_, i) => Math.sin(i)) },
  // A part of a larger buffer, as subarray gives it: only that part is to be kept.
  shifts: odd.subarray(1, 5),
  progress: {
    iteration: 7,
    tensors: { u: odd, "u.first": new Float32Array(3) },
    streams: { images: [1, 2 ** 32 - 1, 0, 5] },
  },
};

const path = join(folder, "checkpoint.bin");

describe("checkpoint", () => {
  it("comes back bit by bit, with its array types", async () => {
    await writeCheckpoint(path, checkpoint);
    const { format, ...found } = (await readCheckpoint(path)) as Checkpoint & { format: string };
    expect(format).toBe("cryogan-checkpoint-4");
    expect(found).toStrictEqual(checkpoint);
    const bits = (values: Float32Array): number[] => Array.from(new Uint32Array(values.slice().buffer));
    expect(bits(found.progress!.tensors.u!)).toEqual(bits(odd));
    expect(bits(found.shifts!)).toEqual(bits(odd.slice(1, 5)));
    expect(found.schedule.spectra.signal).toBeInstanceOf(Float64Array);
  });

  it("replaces the one before and leaves no other file", async () => {
    const inside = join(folder, "twice");
    mkdirSync(inside);
    await writeCheckpoint(join(inside, "c"), checkpoint);
    await writeCheckpoint(join(inside, "c"), { ...checkpoint, stage: 2, finished: true, progress: undefined });
    expect(readdirSync(inside)).toEqual(["c"]);
    expect(await readCheckpoint(join(inside, "c"))).toMatchObject({ stage: 2, finished: true });
  });

  it("that is not there is undefined", async () => {
    expect(await readCheckpoint(join(folder, "absent"))).toBeUndefined();
  });

  it("cut short anywhere is refused by name", async () => {
    await writeCheckpoint(path, checkpoint);
    const whole = readFileSync(path),
      cut = join(folder, "cut");
    for (const length of [0, 1, 2, 20, Math.floor(whole.length / 2), whole.length - 1]) {
      writeFileSync(cut, whole.subarray(0, length));
      expect(await inputError(() => readCheckpoint(cut))).toContain(`${cut} is not a checkpoint`);
    }
  });

  it.each([
    ["text", Buffer.from("not a checkpoint\n")],
    ["null", serialize(null)],
    ["an object of another version", serialize({ format: "cryogan-checkpoint-0", stage: 0 })],
  ])("that is %s is refused by name", async (_, bytes) => {
    const other = join(folder, "other");
    writeFileSync(other, bytes);
    expect(await inputError(() => readCheckpoint(other))).toContain(`${other} is not a checkpoint`);
  });

  it("that is a folder is refused by name", async () => {
    expect(await inputError(() => readCheckpoint(folder))).toContain(folder);
  });
});
