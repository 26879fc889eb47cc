import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { InputError } from "../../src/base/errors.ts";
import type { ImageChoice } from "../../src/base/values.ts";
import { checkBackgrounds, readBackgrounds } from "../../src/io/backgrounds.ts";
import { disk } from "../../src/io/disk.ts";
import { writeStack } from "../../src/io/mrc.ts";

const particles = { boxSize: 80, pixelSizeAngstrom: 3 };
const bank = (n: number, pixelSizeAngstrom: number) => ({ images: new Float32Array(n * n), n, pixelSizeAngstrom });

it.each([
  ["of the same size", 80, 3],
  ["wider", 100, 3],
  ["of finer pixels and as wide", 240, 1],
] as const)("backgrounds %s show the particles' noise", (_, n, pixel) => {
  expect(() => checkBackgrounds(bank(n, pixel), particles, "noise.mrcs")).not.toThrow();
});

it.each([
  ["too small", 60, 3, "images of 60 px of 3 Å (180 Å), the particles have 80 px of 3 Å (240 Å)", "images as wide"],
  ["too coarse", 80, 4, "images of 80 px of 4 Å (320 Å), the particles have 80 px of 3 Å (240 Å)", "pixels as small"],
] as const)("backgrounds that are %s are refused with both sizes", (_, n, pixel, sizes, needed) => {
  let message = "";
  try {
    checkBackgrounds(bank(n, pixel), particles, "noise.mrcs");
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    ({ message } = error as Error);
  }
  expect(message).toBe(`noise.mrcs has ${sizes}: the noise bank needs ${needed}; cut it from the same micrographs`);
});

it("some of the images are taken where it is said which", async () => {
  const folder = await mkdtemp(join(tmpdir(), "cryogan-backgrounds-")),
    file = disk.at(join(folder, "noise.mrcs"));
  try {
    // Image 1 holds ones, image 2 twos, …
    const images = Float32Array.from({ length: 7 * 64 }, (_, i) => 1 + Math.floor(i / 64));
    await writeStack(file, { width: 8, height: 8, pixelSizeAngstrom: 3, mode: 2 }, [images]);
    const taken = async (chosen?: ImageChoice): Promise<number[]> =>
      [...(await readBackgrounds(file, chosen)).images].filter((_, i) => i % 64 === 0);
    expect(await taken()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(await taken({ first: 1, step: 2 })).toEqual([1, 3, 5, 7]);
    expect(await taken({ first: 2, step: 2 })).toEqual([2, 4, 6]);
    expect(await taken({ first: 3, last: 5, step: 1 })).toEqual([3, 4, 5]);
    await expect(taken({ first: 3, last: 8, step: 1 })).rejects.toThrow(
      "noise.mrcs has 7 images, not the 3-8 asked for",
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
