import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { disk } from "../../../src/io/disk.ts";
import { serialize } from "../../../src/io/serialize.ts";
import {
  type Checkpoint,
  checkpointBefore,
  readCheckpoint,
  readLastCheckpoint,
  writeCheckpoint,
} from "../../../src/reconstruct/folder/checkpoint.ts";
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
    request: { timeLimit: 90 },
  },
  stage: 1,
  elapsedSeconds: 12.25,
  paces: { adversarial: { factor: 1.5, overheadSeconds: 0.25 }, latest: 1.5 },
  finished: false,
  volume: {
    n: 2,
    data: Float32Array.from({ length: 8 }, (_, i) => Math.sin(i)),
    unmasked: Float32Array.from({ length: 8 }, (_, i) => Math.cos(i)),
  },
  // A part of a larger buffer, as subarray gives it: only that part is to be kept.
  shifts: odd.subarray(1, 5),
  progress: {
    iteration: 7,
    tensors: { u: odd, "u.first": new Float32Array(3) },
    streams: { images: [1, 2 ** 32 - 1, 0, 5] },
  },
};

const path = join(folder, "checkpoint.bin");
const refusal = (at: string): string =>
  `${at} is damaged, or not a checkpoint of this version of cryogan; start anew with --overwrite`;

describe("checkpoint", () => {
  it("comes back bit by bit, with its array types", async () => {
    await writeCheckpoint(disk.at(path), checkpoint);
    const { format, ...found } = (await readCheckpoint(disk.at(path))) as Checkpoint & { format: string };
    expect(format).toBe("cryogan-checkpoint-15");
    expect(found).toStrictEqual(checkpoint);
    const bits = (values: Float32Array): number[] => Array.from(new Uint32Array(values.slice().buffer));
    expect(bits(found.progress!.tensors.u!)).toEqual(bits(odd));
    expect(bits(found.shifts!)).toEqual(bits(odd.slice(1, 5)));
    expect(found.schedule.spectra!.signal).toBeInstanceOf(Float64Array);
  });

  it("replaces the one before, which stays under another name, and leaves no other file", async () => {
    const inside = join(folder, "twice"),
      own = join(inside, "checkpoint-half1.bin");
    mkdirSync(inside);
    await writeCheckpoint(disk.at(own), { ...checkpoint, stage: 0 });
    await writeCheckpoint(disk.at(own), checkpoint);
    await writeCheckpoint(disk.at(own), { ...checkpoint, stage: 2, finished: true, progress: undefined });
    expect(readdirSync(inside)).toEqual(["checkpoint-half1.bin", "checkpoint-half1.previous.bin"]);
    expect(await readCheckpoint(disk.at(own))).toMatchObject({ stage: 2, finished: true });
    expect(await readCheckpoint(disk.at(checkpointBefore(own)))).toMatchObject({ stage: 1, finished: false });
  });

  it("that is not there is undefined", async () => {
    expect(await readCheckpoint(disk.at(join(folder, "absent")))).toBeUndefined();
  });

  it("cut short anywhere is refused by name", async () => {
    await writeCheckpoint(disk.at(path), checkpoint);
    const whole = readFileSync(path),
      cut = join(folder, "cut");
    for (const length of [0, 1, 2, 20, Math.floor(whole.length / 2), whole.length - 1]) {
      writeFileSync(cut, whole.subarray(0, length));
      expect(await inputError(() => readCheckpoint(disk.at(cut)))).toBe(refusal(cut));
    }
  });

  it("of which any bit is not as it was written is refused", async () => {
    await writeCheckpoint(disk.at(path), { ...checkpoint, volume: undefined });
    const whole = readFileSync(path),
      bits = [0, 1, 2, 3, 4, 5, 6, 7];
    let refused = 0;
    // The bits of a byte side by side: what takes time is waiting for files.
    const isRefused = async (byte: number, bit: number): Promise<void> => {
      const flipped = join(folder, `flipped${bit}`),
        bytes = Buffer.from(whole);
      bytes[byte]! ^= 1 << bit;
      writeFileSync(flipped, bytes);
      if ((await inputError(() => readCheckpoint(disk.at(flipped)))) === refusal(flipped)) refused++;
    };
    for (let byte = 0; byte < whole.length; byte++) await Promise.all(bits.map((bit) => isRefused(byte, bit)));
    expect(refused).toBe(8 * whole.length);
  });

  it.each([
    ["text", Buffer.from("not a checkpoint\n")],
    ["null", serialize(null)],
    ["an object of another version", serialize({ format: "cryogan-checkpoint-0", stage: 0 })],
  ])("that is %s is refused by name", async (_, bytes) => {
    const other = join(folder, "other");
    writeFileSync(other, bytes);
    expect(await inputError(() => readCheckpoint(disk.at(other)))).toBe(refusal(other));
  });

  it("that is a pipe or leads elsewhere is refused, without waiting for its content", async () => {
    const pipe = join(folder, "pipe"),
      link = join(folder, "link");
    execFileSync("mkfifo", [pipe]);
    await writeCheckpoint(disk.at(path), checkpoint);
    symlinkSync(path, link);
    for (const other of [pipe, link])
      expect(await inputError(() => readCheckpoint(disk.at(other)))).toBe(refusal(other));
  });

  it("that is a folder is refused by name", async () => {
    expect(await inputError(() => readCheckpoint(disk.at(folder)))).toContain(folder);
  });
});

describe("the last checkpoint that is whole", () => {
  const own = join(folder, "run.bin"),
    before = checkpointBefore(own);
  const both = async (): Promise<void> => {
    await writeCheckpoint(disk.at(own), checkpoint);
    await writeCheckpoint(disk.at(own), { ...checkpoint, stage: 2 });
  };

  it("is the one written last", async () => {
    expect(await readLastCheckpoint(disk, own)).toBeUndefined();
    await both();
    expect(await readLastCheckpoint(disk, own)).toMatchObject({ checkpoint: { stage: 2 } });
    expect((await readLastCheckpoint(disk, own))!.warning).toBeUndefined();
  });

  it("is the one before where that is damaged, which is told", async () => {
    await both();
    writeFileSync(own, readFileSync(own).subarray(1));
    expect(await readLastCheckpoint(disk, own)).toMatchObject({
      checkpoint: { stage: 1 },
      warning: `${own} is damaged; the run goes on from the checkpoint before it`,
    });
  });

  it("is the one before where the process was killed between two renamings", async () => {
    await both();
    rmSync(own);
    expect(await readLastCheckpoint(disk, own)).toMatchObject({ checkpoint: { stage: 1 } });
  });

  it("is none where both are damaged: the last is named", async () => {
    await both();
    for (const file of [own, before]) writeFileSync(file, "x");
    expect(await inputError(() => readLastCheckpoint(disk, own))).toBe(refusal(own));
  });
});
