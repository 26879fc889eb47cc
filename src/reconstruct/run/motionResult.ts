/** What a run came to of a molecule that moves, for its files. */

import { pairOf, pairsOf } from "../../critic/motion.ts";
import { partOf } from "../classes.ts";
import type { Checkpoint } from "../folder/checkpoint.ts";
import type { MotionResult } from "../folder/events.ts";
import { componentsOf } from "../likelihood/motionModel.ts";
import { componentOf } from "../likelihood/motionSeries.ts";
import type { MotionFound } from "../motion.ts";
import { componentMap, meanMap, seriesMap } from "../motionMaps.ts";
import { motionColumn } from "../motionParticles.ts";

/** Half-samples that agree less show nothing more. */
const leastAgreement = 0.143;

export function motionResult({ motion }: Checkpoint, boxAngstrom: number): MotionResult | undefined {
  if (!motion || motion.series.length === 0) return undefined;
  const { model } = motion.found!,
    components = componentsOf(model),
    squares = Array.from({ length: components + 1 }, (_, j) =>
      partOf(model.volumes, j, components + 1).reduce((sum, v) => sum + v * v, 0),
    );
  return {
    mean: meanMap,
    resolutionAngstrom: Number(((2 * boxAngstrom) / model.n).toFixed(2)),
    components: motion.series.map(({ places, shares, agreement, volume: { n } }, j) => ({
      number: j + 1,
      map: componentMap(j),
      power: Number((squares[j + 1]! / squares[0]!).toFixed(4)),
      series: places.map((z, i) => {
        const curve = agreement?.[i],
          end = curve?.findIndex((v, k) => k > 1 && v < leastAgreement) ?? 0,
          shell = end < 0 ? n / 2 : end;
        return {
          map: seriesMap(j, i),
          z: Number(z.toFixed(4)),
          share: Number(shares[i]!.toFixed(4)),
          ...(shell > 0 ? { resolutionAngstrom: Number((boxAngstrom / shell).toFixed(2)) } : {}),
        };
      }),
    })),
  };
}

/** Columns of particles.star: z of each particle along each component, and the standard deviation it is known with. */
export function motionColumns({ model, latent }: MotionFound): Record<string, Float32Array> {
  const components = componentsOf(model),
    pairs = pairsOf(components - 1),
    columns: Record<string, Float32Array> = {};
  for (let j = 0; j < components; j++) {
    const means = componentOf(model, latent, j),
      squares = partOf(latent.moments, pairOf(pairs, j, j), pairs.length);
    columns[motionColumn(j)] = means;
    columns[`${motionColumn(j)}Sigma`] = means.map((m, p) => Math.sqrt(Math.max(0, squares[p]! - m * m)));
  }
  return columns;
}
