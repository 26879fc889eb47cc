/** Particle files as the server looks at them for the form, each in a process of its own. */
import { copyFileSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { Inspection } from "../../../src/reconstruct/run/inspection.ts";
import type { Inspect } from "../../../src/web/live/data.ts";
import { httpSource } from "../../../src/web/live/httpSource.ts";
import { FormError, type RunForm } from "../../../src/web/live/source.ts";
import { dataFolders } from "../../../src/web/server/dataFolders.ts";
import { createInspections } from "../../../src/web/server/inspections.ts";
import { cryogan } from "../../cli/run.ts";
import { smallParticleSet } from "../../reconstruct/data.ts";
import { serving, temporaryFolder, token, until } from "./serving.ts";

const folder = realpathSync(temporaryFolder()),
  data = join(folder, "data"),
  outside = join(folder, "outside");
let particles: string, inspect: Inspect;

beforeAll(async () => {
  for (const made of [data, outside]) mkdirSync(made);
  particles = await smallParticleSet(data, 300);
  const server = await serving([data], { data: dataFolders(data, []) });
  inspect = (await httpSource(server.address, token)).inspect!;
});

const fields = (form: Record<string, string | boolean>) =>
  inspect(form).then(
    (found) => found,
    (error: unknown) => (error instanceof FormError ? error.fields : error),
  );

test("what cryogan inspect tells, small images, and the spectra of a schedule", async () => {
  const { summary, thumbnails, spectra } = (await inspect({ particlesFile: particles, symmetry: "Q" })) as Inspection;
  expect(summary).toEqual(JSON.parse((await cryogan("inspect", particles, "--json")).stdout));
  expect(summary).toMatchObject({ particles: 300, boxSize: 24 });
  expect(thumbnails).toMatchObject({ size: 24, bin: 1 });
  expect(thumbnails!.images).toHaveLength(8);
  for (const image of thumbnails!.images) {
    expect(image).toHaveLength(24 ** 2);
    expect([Math.min(...image), Math.max(...image)]).toEqual([0, 255]);
  }
  expect([spectra!.noise.length, spectra!.signal.length]).toEqual([13, 13]);
  expect(Math.min(...spectra!.noise.slice(1))).toBeGreaterThan(0);
});

test("what is wrong stands at its field", async () => {
  expect(await fields({})).toEqual({ particlesFile: expect.stringMatching(/^is required/) });
  expect(await fields({ particlesFile: data })).toEqual({ particlesFile: "expected a file, and this is a folder" });
  expect(await fields({ particlesFile: particles, pixelSize: "0" })).toEqual({
    pixelSize: expect.stringMatching(/^expected a number/),
  });
  expect(await fields({ particlesFile: particles, opticsGroups: "7" })).toEqual({
    opticsGroups: expect.stringContaining("7"),
  });
  expect(await fields({ particlesFile: particles, class: "2" })).toEqual({ class: expect.stringContaining("--class") });
  writeFileSync(join(data, "broken.star"), "no table");
  expect(await fields({ particlesFile: join(data, "broken.star") })).toEqual({
    particlesFile: expect.stringMatching(/^[^\n]*broken\.star[^\n]*$/),
  });
});

test("stacks that are missing are told of, without images", async () => {
  const lost = join(data, "lost.star");
  writeFileSync(lost, readFileSync(particles, "utf8").replaceAll("particles.mrcs", "lost.mrcs"));
  const found = (await inspect({ particlesFile: lost })) as Inspection;
  expect(found.summary.stackProblems).toMatchObject([{ particles: 300 }]);
  expect(found).not.toHaveProperty("thumbnails");
});

test("what is outside, or leads there, is not looked at, nor told whether it is there", async () => {
  copyFileSync(particles, join(outside, "particles.star"));
  symlinkSync(join(outside, "particles.star"), join(data, "link.star"));
  for (const path of [join(outside, "particles.star"), join(data, "link.star"), "/etc/passwd", "/none", "/etc"])
    for (const form of [{ particlesFile: path }, { particlesFile: particles, exclude: path }] as RunForm[])
      expect(await inspect(form)).toEqual({
        unseen: `${path} is not there, or outside of the folders that may be looked into (serve --data)`,
      });
});

test("a look that takes too long is given up, and one that fails without a word is an error", async () => {
  const kindOf = async () => "file" as const,
    look = (code: string, timeoutMs: number) =>
      createInspections({ kindOf }, [process.execPath, "-e", code], timeoutMs)({ particlesFile: particles });
  expect(await look("setInterval(() => {}, 1000)", 300)).toEqual({
    unseen: expect.stringContaining("more than 0.3 s"),
  });
  await expect(look("process.exit(3)", 60_000)).rejects.toThrow();
  await expect(look("process.stderr.write('error: no good\\n'); process.exitCode = 1", 60_000)).rejects.toMatchObject({
    fields: { particlesFile: "no good" },
  });
});

test("the server tells a look that its reader has gone", async () => {
  let told: AbortSignal | undefined;
  const slow = await serving([data], {
    inspect: (_, signal) => {
      told = signal;
      return new Promise((_, reject) => signal!.addEventListener("abort", () => reject(new Error("gone"))));
    },
  });
  const controller = new AbortController(),
    source = await httpSource(slow.address, token),
    look = source.inspect!({ particlesFile: particles }, controller.signal);
  await until(() => told !== undefined);
  controller.abort();
  await expect(look).rejects.toThrow();
  await until(() => told!.aborted);
});

test("no more than four at once; one that nobody waits for ends", async () => {
  const controller = new AbortController(),
    slow = createInspections({ kindOf: async () => "file" }, [process.execPath, "-e", "setInterval(() => {}, 1000)"]);
  const looks = Array.from({ length: 4 }, () => slow({ particlesFile: particles }, controller.signal));
  const ended = Promise.allSettled(looks);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await expect(slow({ particlesFile: particles })).rejects.toThrow("try again");
  controller.abort();
  expect((await ended).map(({ status }) => status)).toEqual(Array(4).fill("rejected"));
});
