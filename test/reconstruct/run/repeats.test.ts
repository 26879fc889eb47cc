import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { disk } from "../../../src/io/disk.ts";
import { particlesOfStack, writeParticlesStar } from "../../../src/io/particles.ts";
import { uniformDefocus } from "../../../src/physics/simulate.ts";
import type { RunVerdict } from "../../../src/reconstruct/folder/events.ts";
import { compareRepeats, folderOfRepeat } from "../../../src/reconstruct/run/repeats.ts";

const count = 12;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-repeats-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** What runs left that parted the particles so; `alike` are classes that differ by no more than their noise. */
async function runs(
  name: string,
  partitions: readonly string[],
  alike: readonly [number, number][] = [],
  drawn: readonly (readonly number[])[] = [],
) {
  const out = join(folder, name);
  for (const [r, letters] of partitions.entries()) {
    const path = folderOfRepeat(out, r),
      classNumber = Int32Array.from(letters, (letter) => Number(letter));
    await mkdir(path, { recursive: true });
    const set = particlesOfStack(join(out, "s.mrcs"), {
      boxSize: 8,
      pixelSizeAngstrom: 2,
      optics: uniformDefocus(
        count,
        [1e4, 2e4],
        { voltageKv: 300, sphericalAberrationMm: 2.7, amplitudeContrast: 0.1 },
        1,
      ),
    });
    await writeParticlesStar(disk.at(join(path, "particles.star")), {
      ...set,
      ...(drawn[r] ? { imageIndex: Int32Array.from(drawn[r]) } : {}),
      classNumber,
    });
    const numbers = [...new Set(classNumber)].sort();
    const result = {
      kind: "found",
      resolutionAngstrom: 10,
      reason: "told before the others ran",
      classes: numbers.map((number) => ({ number, share: 0.5, ...(number === 9 ? { junk: true } : {}) })),
      evidence: {
        boxAngstrom: 160,
        finestAngstrom: 10,
        parts: [
          {
            skewness: 1,
            classes: { count: 3, correlation: alike.map((classes) => ({ classes, value: 0.9, expected: 0.9 })) },
          },
        ],
      },
    };
    await writeFile(join(path, "result.json"), JSON.stringify(result));
  }
  const { reason } = await compareRepeats(disk, out, partitions.length);
  const { repeats } = JSON.parse(await readFile(join(out, "result.json"), "utf8")) as RunVerdict;
  return { reason, repeats: repeats! };
}

test("classes under other numbers are the same", async () => {
  const { reason, repeats } = await runs("same", ["111111222222", "222222211111"]);
  expect(reason).toMatch(/^The map is by .* more\. 2 structures are found by all of 2 seeds \(class 1, class 2\)\.$/);
  expect(repeats.adjustedRandIndex[0]).toBeGreaterThan(0.6);
});

test("a class that one seed alone finds is said to be so", async () => {
  const { reason } = await runs("lone", ["111111222333", "111111222222", "111111222222"]);
  expect(reason).toContain(
    "tells more. One structure is found by all of 3 seeds (class 1), and not by all: " +
      "class 2 (1 of 3), class 3 (1 of 3).",
  );
});

test("classes that are one are merged before they are compared", async () => {
  const { reason, repeats } = await runs(
    "merged",
    ["111122223333", "122331122123"],
    [
      [1, 2],
      [2, 3],
    ],
  );
  expect(reason).toContain(
    "tells more. The 3 classes are one structure: they differ by no more than their noise. " +
      "2 seeds find one structure.",
  );
  expect(repeats.structures).toEqual([{ classes: [1, 2, 3], foundBy: 2 }]);
});

test("partitions at random are no structures", async () => {
  const { reason } = await runs("random", ["111122223333", "123123123123"]);
  expect(reason).toContain(" No class is found by all of 2 seeds: they tell no structures apart.");
});

test("seeds that drew other particles are compared by those that both have", async () => {
  const first = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    second = [9, 8, 7, 6, 5, 4, 3, 2, 20, 21, 22, 23];
  const { repeats } = await runs("drawn", ["111111222222", "222211112121"], [], [first, second]);
  expect(repeats.adjustedRandIndex).toEqual([1]);
});
