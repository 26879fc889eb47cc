import { describe, expect, it } from "vitest";
import { ctfInputs, ctfParameters } from "../../src/physics/ctf.ts";
import { polarGrid, rectangularGrid } from "../../src/physics/frequencies.ts";
import { imagesFromTransform } from "../../src/physics/imageTransform.ts";
import { image, pixelImages } from "../../src/physics/microscope.ts";
import { fourierTable, fourierTables } from "../../src/physics/project.ts";
import { uniformDefocus } from "../../src/physics/simulate.ts";
import { evaluateReference } from "../../src/tensor/reference.ts";
import { input, type Shape, type Tensor } from "../../src/tensor/tensor.ts";
import { randomPoses } from "./analytic.ts";

const n = 6,
  batch = 3,
  boxAngstrom = 60;
const feeds = new Map<Tensor, Float64Array>();
function fed(name: string, shape: Shape, values: ArrayLike<number>): Tensor {
  const t = input(name, shape);
  feeds.set(t, Float64Array.from(values));
  return t;
}
const some = (length: number, seed: number): number[] => Array.from({ length }, (_, i) => Math.sin(seed + i * i));

const table = fourierTable(fed("volume", [n, n, n], some(n ** 3, 1)));
const microscope = { voltageKv: 300, sphericalAberrationMm: 2.7, amplitudeContrast: 0.1 };
const numbers = ctfParameters(uniformDefocus(batch, [10_000, 20_000], microscope, 1), [0, 1, 2]);
const exposure = {
  rotations: fed(
    "rotations",
    [batch, 3, 3],
    randomPoses(2, batch).flatMap((pose) => [...pose]),
  ),
  shifts: fed("shifts", [2, batch], some(2 * batch, 3)),
  optics: ctfInputs(batch, (name, shape) => fed(name, shape, numbers[name as keyof typeof numbers])),
};
const values = (t: Tensor): Float64Array => evaluateReference([t], feeds)[0]!;
const furthest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((worst, v, i) => Math.max(worst, Math.abs(v - b[i]!)), 0);

describe("the noise of the detector", () => {
  it("adds to the image as it is, at any frequencies, and leaves the CTF alone", () => {
    const grid = polarGrid(2, 5),
      re = some(grid.count * batch, 4),
      im = some(grid.count * batch, 5);
    const noise = { re: fed("re", [grid.count, batch], re), im: fed("im", [grid.count, batch], im) };
    const clean = image(table, exposure, grid, boxAngstrom),
      noisy = image(table, { ...exposure, noise }, grid, boxAngstrom);
    const cleanRe = values(clean.image.re),
      cleanIm = values(clean.image.im);
    expect(furthest(cleanRe, new Float64Array(cleanRe.length))).toBeGreaterThan(0.1);
    expect(
      furthest(
        values(noisy.image.re),
        cleanRe.map((v, i) => v + re[i]!),
      ),
    ).toBeLessThan(1e-12);
    expect(
      furthest(
        values(noisy.image.im),
        cleanIm.map((v, i) => v + im[i]!),
      ),
    ).toBeLessThan(1e-12);
    expect(values(noisy.ctf)).toEqual(values(clean.ctf));
  });

  it("adds to pixels as it is, the Nyquist frequency too; contrast is of the signal alone", () => {
    const grid = rectangularGrid(n),
      pixels = Array.from({ length: batch * n * n }, (_, i) => (i % 2 ? 1 : -1) * Math.cos(i));
    const noise = fed("noise", [batch, n * n], pixels),
      contrast = fed("contrast", [1, batch], [1, 0, -0.5]);
    const clean = values(imagesFromTransform(image(table, exposure, grid, boxAngstrom).image, grid)); // [n, n, batch]
    expect(furthest(clean, new Float64Array(clean.length))).toBeGreaterThan(0.1);
    const expected = pixels.map((v, i) => {
      const particle = Math.floor(i / (n * n));
      return v + [1, 0, -0.5][particle]! * clean[(i % (n * n)) * batch + particle]!;
    });
    const found = values(pixelImages(table, { ...exposure, contrast, noise }, grid, boxAngstrom));
    expect(furthest(found, expected)).toBeLessThan(1e-12);
  });
});

describe("a molecule that moves", () => {
  it("is seen in each image as the sum V₀ + Σ z·V that it is there", () => {
    const components = 2,
      grid = polarGrid(2, 5),
      parts = Array.from({ length: 1 + components }, (_, j) => some(n ** 3, 20 + j)),
      z = some(components * batch, 30);
    const moving = image(
      fourierTables(fed("parts", [(1 + components) * n, n, n], parts.flat())),
      { ...exposure, motion: fed("motion", [components, batch], z) },
      grid,
      boxAngstrom,
    ).image;
    for (let b = 0; b < batch; b++) {
      const there = parts[0]!.map((v, i) => v + z[b]! * parts[1]![i]! + z[batch + b]! * parts[2]![i]!),
        own = image(fourierTable(fed(`there${b}`, [n, n, n], there)), exposure, grid, boxAngstrom).image;
      for (const part of ["re", "im"] as const) {
        const of = (t: Tensor): number[] => [...values(t)].filter((_, i) => i % batch === b);
        expect(furthest(of(moving[part]), of(own[part]))).toBeLessThan(1e-9);
      }
    }
  });
});
