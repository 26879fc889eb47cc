/** A run goes on only with what it began with: each kind of change is refused in one line, and the run stays whole. */
import { execSync } from "node:child_process";
import { mkdtemp, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { InputError } from "../../../src/base/errors.ts";
import type { RunRequest } from "../../../src/reconstruct/options.ts";
import { nodeHost } from "../../../src/reconstruct/run/nodeHost.ts";
import { reconstruct } from "../../../src/reconstruct/run/run.ts";
import { smallParticleSet } from "../data.ts";

let folder: string, options: RunRequest, star: string, stack: string, input: string;
let rows: string[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-resume-"));
  star = await smallParticleSet(folder);
  stack = join(folder, "particles.mrcs");
  options = {
    particlesFile: star,
    out: join(folder, "run"),
    stages: [
      { kind: "adversarial", maxRadius: 6, iterations: 20 },
      { kind: "refinement", maxRadius: 6, iterations: 1, particles: 500 },
    ],
    maxShift: 0,
  };
  input = join(options.out, "input.json");
  rows = (await readFile(star, "utf8")).trimEnd().split("\n");
  const controller = new AbortController();
  const begun = reconstruct(
    nodeHost,
    { ...options, device: "cpu" },
    (event) => event.type === "progress" && setTimeout(() => controller.abort()),
    controller.signal,
  );
  await expect(begun).rejects.toMatchObject({ name: "AbortError" });
});
afterAll(() => rm(folder, { recursive: true }));

/** Why the run cannot go on, with these options. */
async function refusal(more: Partial<RunRequest> = {}): Promise<string> {
  const checkpoint = await readFile(join(options.out, "checkpoint.bin"));
  const error = await reconstruct(nodeHost, { ...options, ...more, resume: true }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(InputError);
  const { message } = error as Error;
  expect(message).not.toContain("\n");
  expect(message).toContain(options.out);
  expect((await readFile(join(options.out, "checkpoint.bin"))).equals(checkpoint)).toBe(true);
  return message;
}

/** What `task` finds while `path` has another content; then the old one is there again, with its time. */
async function during<T>(path: string, content: string | Uint8Array, task: () => Promise<T>): Promise<T> {
  const before = await readFile(path),
    { atime, mtime } = await stat(path);
  await writeFile(path, content);
  try {
    return await task();
  } finally {
    await writeFile(path, before);
    await utimes(path, atime, mtime);
  }
}

describe("another particle file of the same name", () => {
  const withRows = (change: (rows: string[]) => string[]): Promise<string> =>
    during(star, `${change([...rows]).join("\n")}\n`, () => refusal());
  const first = (): number => rows.findIndex((row) => row.includes("@"));

  test("200 rows fewer", async () => {
    expect(await withRows((all) => all.slice(0, -200))).toContain("began with 2000 particles, now there are 1800;");
  });

  test("another pixel size", async () => {
    const optics = rows.findIndex((row) => /^\s*1\s+opticsGroup1/.test(row));
    const size = (await readFile(input, "utf8")).match(/"pixelSizeAngstrom": ([\d.]+)/)![1]!;
    const message = await withRows((all) =>
      all.with(optics, all[optics]!.replace(new RegExp(`\\s${size}\\S*`), " 3.25")),
    );
    expect(message).toContain(`began with a pixel size of ${size} Å, now it is 3.25 Å;`);
  });

  test("two rows in each other's place", async () => {
    const message = await withRows((all) => all.with(first(), rows[first() + 1]!).with(first() + 1, rows[first()]!));
    expect(message).toContain("began with other images, or with them in another order;");
  });

  test("another defocus of one particle", async () => {
    const columns = rows.slice(rows.findLastIndex((row) => row.trim() === "loop_") + 1);
    const at = columns.findIndex((row) => row.startsWith("_rlnDefocusU "));
    const values = rows.at(-1)!.trim().split(/\s+/);
    const changed = values.with(at, String(Number(values[at]) + 1)).join(" ");
    expect(await withRows((all) => [...all.slice(0, -1), changed])).toContain(
      "began with other CTF parameters or signs of contrast;",
    );
  });
});

describe("another stack of the same name", () => {
  test("noise in its place", async () => {
    const content = await readFile(stack);
    const { mtime } = await stat(stack);
    for (let i = 1024; i < content.length; i += 4) content.writeFloatLE(Math.random(), i);
    const message = await during(stack, content, () => refusal());
    expect(message).toContain(`${stack} is another file than when the run began (${content.length} bytes of `);
    expect(message).toContain(mtime.toISOString());
    expect(message).toContain("or start anew with --overwrite");
  });

  test("longer by an image", async () => {
    const content = await readFile(stack),
      count = content.readInt32LE(8);
    const longer = Buffer.concat([content, content.subarray(1024, 1024 + (content.length - 1024) / count)]);
    longer.writeInt32LE(count + 1, 8);
    const message = await during(stack, longer, () => refusal());
    expect(message).toContain(`(${content.length} bytes of `);
    expect(message).not.toContain("touch");
  });
});

test("another device, cache or passthrough file", async () => {
  const described = await readFile(input, "utf8");
  expect(await during(input, described.replace('"cpu"', '"webgpu"'), () => refusal({ device: "cpu" }))).toContain(
    "the run began on webgpu; go on with --device webgpu, or start anew with --overwrite",
  );
  expect(await refusal({ device: "cpu", cache: 1 })).toContain("began with another --cache (not given, now 1)");
  expect(await refusal({ device: "cpu", passthrough: "x.cs" })).toContain(
    "began with another --passthrough (not given",
  );
});

test("where it is not known what the run began with, it does not go on", async () => {
  for (const content of ["{}", '{"device"', "null"])
    expect(await during(input, content, () => refusal())).toContain("so that it is not known what to go on with");
  const kept = await readFile(input);
  await rm(input);
  expect(await refusal()).toContain(`cannot read ${input}: no such file or folder, so that it is not known`);
  await writeFile(input, kept);
});

test("a stack that is the same but for its time: the command in the message lets the run go on", async () => {
  await utimes(stack, new Date(), new Date());
  const command = /\(if only its time is another: (.*)\), or start anew/.exec(await refusal())![1]!;
  execSync(command);
  await reconstruct(nodeHost, { ...options, resume: true });
  expect(await readFile(join(options.out, "events.jsonl"), "utf8")).toMatch(
    /"device":"cpu: as asked"[\s\S]*"finished"/,
  );
});
