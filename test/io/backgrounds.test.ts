import { expect, it } from "vitest";
import { InputError } from "../../src/base/errors.ts";
import { checkBackgrounds } from "../../src/io/backgrounds.ts";

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
