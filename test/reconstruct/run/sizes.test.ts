import { describe, expect, test } from "vitest";
import { withDefaults } from "../../../src/reconstruct/options.ts";
import { sizesOf } from "../../../src/reconstruct/run/sizes.ts";

const given = { particlesFile: "p.star", out: "o" };
const images = { source: "p.star", boxSize: 64, pixelSizeAngstrom: 3 };

test("by default: a mask of 90 % of the box, shifts of 5 % of it, all that the images show", () => {
  expect(sizesOf(images, withDefaults(given))).toEqual({
    boxAngstrom: 192,
    maskRadius: 0.45,
    finestRadius: 32,
  });
});

test("as asked for; a resolution of 9 Å is the 22nd Fourier pixel of 192 Å", () => {
  const options = withDefaults({ ...given, maskDiameter: 96, maxShift: 0, resolution: 9 });
  expect(sizesOf(images, options)).toEqual({ boxAngstrom: 192, maskRadius: 0.25, finestRadius: 22 });
  expect(sizesOf(images, withDefaults({ ...given, box: 25 })).finestRadius).toBe(12);
  expect(sizesOf({ ...images, boxSize: 400 }, withDefaults(given)).finestRadius).toBe(200);
});

describe("what the images cannot show is refused", () => {
  test.each([
    [{ maskDiameter: 192.1 }, "the mask's diameter of 192.1 Å does not fit into the box of 192 Å"],
    [{ maskDiameter: 11.9 }, "the mask's diameter of 11.9 Å is less than 4 pixels of 3 Å"],
    [{ maxShift: 97 }, "a shift of 97 Å (--max-shift) leads out of the box of 192 Å"],
    [{ resolution: 48.1 }, "a resolution of 48.1 Å leaves nothing to see in the box of 192 Å; give a quarter of it"],
  ])("%j", (more, message) => {
    expect(() => sizesOf(images, withDefaults({ ...given, ...more }))).toThrow(message);
  });

  test("nor are images of less than 8 px taken", () => {
    expect(() => sizesOf({ ...images, boxSize: 7 }, withDefaults(given))).toThrow("images of 7 px are too small");
    expect(sizesOf({ ...images, boxSize: 8 }, withDefaults(given)).finestRadius).toBe(4);
  });

  test("the limits themselves are allowed", () => {
    const options = withDefaults({ ...given, maskDiameter: 192, maxShift: 96, resolution: 48 });
    expect(sizesOf(images, options)).toMatchObject({ maskRadius: 0.5, finestRadius: 4 });
  });
});
