import { describe, expect, test } from "vitest";
import { pointGroup } from "../../../src/physics/symmetry.ts";
import { samplePoses } from "../../../src/physics/viewing.ts";
import { localStage } from "../../../src/reconstruct/likelihood/localStage.ts";
import { refinementStage } from "../../../src/reconstruct/likelihood/refinementStage.ts";
import { directionsOfPoses } from "../../../src/reconstruct/likelihood/viewShares.ts";
import type { AfterIteration, RunDirections } from "../../../src/reconstruct/stage.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { boxSize, only, poseOf, simulated } from "../simulated.ts";

type Vector = readonly [number, number, number];
const middles = ({ rot, tilt }: RunDirections): Vector[] =>
  rot.map((degrees, i) => {
    const [a, b] = [degrees, tilt[i]!].map((v) => (v * Math.PI) / 180) as [number, number];
    return [Math.sin(b) * Math.cos(a), Math.sin(b) * Math.sin(a), Math.cos(b)];
  });
const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => a[0]! * b[0]! + a[1]! * b[1]! + a[2]! * b[2]!;
/** Mean square of (share · cells - expected) over what counting `particles` makes of it. */
const misfit = ({ share }: RunDirections, expected: readonly number[], particles: number): number =>
  share.reduce((sum, s, i) => sum + (s - expected[i]!) ** 2 / (expected[i]! / particles), 0) / share.length;
const flat = ({ share }: RunDirections): number[] => share.map(() => 1 / share.length);

/**
 * Shares that a von Mises-Fisher distribution about `mean` puts into cells of one solid angle, seen under a group:
 * density at their middles.
 */
function vonMisesFisherShares(directions: RunDirections, mean: Vector, kappa: number, symmetry: string): number[] {
  const density = middles(directions).map((d) =>
    pointGroup(symmetry).reduce((sum, g) => {
      const along = dot(
        mean,
        [0, 1, 2].map((row) => dot(g.subarray(3 * row, 3 * row + 3), d)),
      );
      return sum + Math.exp(kappa * along) + Math.exp(-kappa * along);
    }, 0),
  );
  const total = density.reduce((a, b) => a + b);
  return density.map((v) => v / total);
}

describe("shares of known poses", () => {
  test.each([
    ["C1", 256],
    ["C3", 64],
    ["D2", 64],
    ["D7", 32],
    ["O", 32],
    ["I", 32],
  ])("%s: uniform ones are flat within counting noise, over %i cells", (symmetry, cells) => {
    const count = 40_000,
      directions = directionsOfPoses(
        samplePoses({ kind: "uniform" }, count, createStream(2, symmetry)),
        pointGroup(symmetry),
      );
    expect(directions.share.length).toBe(cells);
    expect(directions.share.reduce((a, b) => a + b)).toBeCloseTo(1, 3);
    // χ² per degree of freedom: 1, variance 2/cells
    expect(misfit(directions, flat(directions), count)).toBeLessThan(1 + 5 * Math.sqrt(2 / cells));
  });

  test.each([
    ["C1", 256],
    ["D2", 64],
  ])("%s: preferred views are where they were drawn", (symmetry) => {
    const mean: Vector = [0.6, 0, 0.8],
      kappa = 4,
      count = 20_000;
    const poses = samplePoses(
      { kind: "peaks", peaks: [{ direction: [...mean], kappa }] },
      count,
      createStream(3, symmetry),
    );
    const directions = directionsOfPoses(poses, pointGroup(symmetry));
    expect(misfit(directions, vonMisesFisherShares(directions, mean, kappa, symmetry), count)).toBeLessThan(1.6);
    expect(misfit(directions, flat(directions), count)).toBeGreaterThan(20);
  });
});

describe.each(["C1", "D2"])("shares that stages find, %s", (symmetry) => {
  const maxRadius = 12,
    kappa = 3,
    mean: Vector = [0.6, 0, 0.8];
  const settings = { count: 6000, maxRadius, symmetry, signalToNoise: 0.1, noisy: true } as const;
  const after: AfterIteration = async () => undefined;

  test("uniform and preferred views", async () => {
    const { context, truth, poses, shifts } = await simulated(settings);
    const stream = createStream(4, "choice"),
      volume = { n: boxSize, data: truth };
    // Of uniform directions those of a von Mises-Fisher distribution, by rejection.
    const preferred = Int32Array.from(
      [...Array(settings.count).keys()].filter(
        (p) => stream.uniform() < Math.exp(kappa * (dot(mean, poseOf(poses, p).subarray(6)) - 1)),
      ),
    );
    const everyone = Int32Array.from({ length: settings.count }, (_, p) => p);
    for (const chosen of [everyone, preferred]) {
      const own = only(context, chosen),
        known = Float32Array.from([...chosen].flatMap((p) => [...poseOf(poses, p)]));
      const expected = (d: RunDirections): number[] =>
        chosen === everyone ? flat(d) : vonMisesFisherShares(d, mean, kappa, symmetry);
      const refined = (
        await refinementStage(
          { kind: "refinement", maxRadius, iterations: 1, particles: chosen.length },
          own,
          volume,
          undefined,
          undefined,
          after,
        )
      ).directions![0]!;
      const local = (
        await localStage(
          { kind: "local", maxRadius, iterations: 1, particles: chosen.length },
          own,
          { volume, placement: { poses: known, shifts } },
          undefined,
          after,
        )
      ).directions![0]!;
      // Posteriors are wider than a cell: the sums vary less than counts do.
      expect(misfit(refined, expected(refined), chosen.length)).toBeLessThan(1);
      // Poses lean towards the views that were tried, two thirds of a cell apart here: they vary more.
      expect(misfit(local, expected(local), chosen.length)).toBeLessThan(chosen === everyone ? 5 : 2);
      if (chosen === preferred)
        for (const found of [refined, local])
          expect(misfit(found, flat(found), chosen.length)).toBeGreaterThan(
            2 * misfit(found, expected(found), chosen.length),
          );
    }
    await context.store.close();
  });
});
