/**
 * The critic of two volumes: a likelihood-ratio critic whose templates are the views of one volume for each density.
 *
 *   D(x) = log p(x|W) - log p(x|V),   log p(x|V) = LSE_v [log π_v + LSE_g ⟨x, g·V_v⟩ - ½‖h·V_v‖²] + const
 *
 * V_v is the central slice of V in view v, whitened, v running over a grid of views that fills the asymmetric unit, and
 * g over in-plane turns and mirroring (as in likelihoodRatio.ts, which says what x and h are). W is learned. V is the
 * simulator's own volume: what simulated images look like need not be learned. So where the simulator is right, W = V
 * leaves D = 0 whatever the critic does not know (shifts, preferred views, the spaces between the views of its grid),
 * and nothing moves any more. The grid is turned at random in each iteration, so that its spaces favour no direction.
 *
 * All that it can learn is one volume, in the scale and inside the mask of the simulator's: it cannot learn images by
 * heart, and needs no gradient penalty. docs/method.md has the measurements.
 */
import type { Complex } from "../physics/complex.ts";
import type { PolarGrid } from "../physics/frequencies.ts";
import { centralSlices, fourierTables, slicesOfEach } from "../physics/project.ts";
import { type Matrix3, randomRotation } from "../physics/rotations.ts";
import { absentView, flattenInto, viewCapacity, viewGrid, viewSpacing } from "../physics/viewGrid.ts";
import * as op from "../tensor/ops.ts";
import { constant, type Tensor } from "../tensor/tensor.ts";
import type { CriticModel, ImageStatistics } from "./critic.ts";
import { halfEnergies, type LikelihoodInput, likelihoodRatioCritic, templateResponses } from "./likelihoodRatio.ts";
import { overMotion, pairEnergies } from "./motion.ts";
import { inPortions, overPosesOf, templatesOfSlices } from "./views.ts";

/** The volume that is learned, as the simulator makes its own. */
export interface CriticVolume {
  /** Edge of its coefficients in voxels. */
  n: number;
  /** Densities of the coefficients of all classes, or of the mean and the components, [densities·n, n, n] both. */
  density(coefficients: Tensor): Tensor;
  /** Of each class the rotations of the point group that its density has. */
  groups: readonly (readonly Matrix3[])[];
  /** Components of a molecule that moves (motion.ts); absent: none. */
  components?: number;
}

/** Views of the asymmetric unit, however coarse the shell: apoferritin was found with as few (shell 16, O). */
const fewestViews = 6;

/**
 * Angle between neighbouring views, radians: twice that of the likelihood's grid. Turned at random in each iteration, a
 * grid of 143 views took the ribosome as far as one of 573 did (shell 16, C1), at a quarter of the cost.
 */
export const gridSpacing = (maxRadius: number, { length }: readonly Matrix3[]): number =>
  Math.min(2 * viewSpacing(maxRadius), Math.sqrt((2 * Math.PI) / length / fewestViews));

/**
 * log p(x|V) - log p(x|nothing), averaged over views, and over the places of a molecule that moves.
 *
 * @param templates  [orders, (1 + components)·views, 2·radii]
 * @param logPrior   of each view, [views]
 * @returns [batch]
 */
export function logLikelihood(
  templates: Tensor,
  logPrior: Tensor,
  x: LikelihoodInput,
  turns: number,
  components = 0,
): Tensor {
  const [views] = logPrior.shape as [number],
    scores = components === 0 ? rigidScores(templates, x, turns) : movingScores(templates, x, turns, components);
  return op.logSumExp(op.add(scores, op.reshape(logPrior, [views, 1])), [0]);
}

/** Log-likelihood of each view over in-plane turns and mirroring, [views, batch]. */
function rigidScores(templates: Tensor, x: LikelihoodInput, turns: number): Tensor {
  const batch = x.harmonics.shape[2]!,
    overPoses = overPosesOf(x.harmonics, inPortions(templates, turns * batch), turns);
  return op.sub(overPoses, halfEnergies(templates, x.ctfSquared));
}

/** The same, and over all z. */
function movingScores(templates: Tensor, x: LikelihoodInput, turns: number, components: number): Tensor {
  const batch = x.harmonics.shape[2]!,
    parts = 1 + components;
  return op.concat(
    inPortions(templates, parts * turns * batch, parts).map((portion) => {
      const { even, odd } = templateResponses(x.harmonics, portion, turns),
        ofPairs = pairEnergies(portion, components, x.ctfSquared),
        plain = overMotion(op.add(even, odd), ofPairs, components),
        mirrored = overMotion(op.sub(even, odd), ofPairs, components);
      const overPoses = op.logSumExp(op.concat([plain.responses, mirrored.responses], 0), [0]);
      return op.sub(op.sub(overPoses, Math.log(2 * turns)), plain.energies);
    }),
    0,
  );
}

/** A random turn of the grid of views: poses [capacity, 3, 3] and the log of each one's share [capacity]. */
export function turnedViews(
  spacing: number,
  group: readonly Matrix3[],
  turn: Matrix3,
): { views: Float32Array; logPrior: Float32Array } {
  const capacity = viewCapacity(spacing, group),
    views = viewGrid(spacing, group, turn).slice(0, capacity);
  return {
    views: flattenInto(capacity, views),
    logPrior: Float32Array.from({ length: capacity }, (_, i) =>
      i < views.length ? -Math.log(views.length) : absentView,
    ),
  };
}

/**
 * The critic for a stage. Parameter: `volume` [classes·n, n, n], coefficients of W (of several classes a mixture, in
 * which each has the share that it has in the simulator), which begins as the simulator's volume.
 * What it draws for each iteration: `views` and `logPrior`, see `turnedViews`.
 *
 * @param statistics of the images; they reach the critic as they reach the one of free templates
 */
export function volumeCritic(statistics: ImageStatistics, volume: CriticVolume): CriticModel {
  const angles = 2 * statistics.maxRadius,
    turns = angles;
  const { judge: _, parameters: __, ...seen } = likelihoodRatioCritic(statistics, { angles, turns, templates: 1 });
  const grid = seen.grid as PolarGrid,
    whitening = seen.whitening(statistics.noisePower);
  const spacings = volume.groups.map((group) => gridSpacing(statistics.maxRadius, group)),
    capacities = volume.groups.map((group, c) => viewCapacity(spacings[c]!, group)),
    capacity = capacities.reduce((sum, views) => sum + views, 0),
    classOf = capacities.flatMap((views, c) => new Array<number>(views).fill(c));
  const { components = 0 } = volume;
  const made = new WeakMap<Tensor, Tensor>();
  /** Templates of the views of a volume, made once in a program for all the images that are compared with them. */
  const viewsOf = (of: Tensor, views: Tensor, table: () => Tensor): Tensor => {
    const slices = (): Complex =>
      components === 0
        ? centralSlices(table(), views, grid, classOf)
        : slicesOfEach(table(), views, grid, 1 + components);
    const templates = made.get(of) ?? templatesOfSlices(slices(), grid, whitening);
    made.set(of, templates);
    return templates;
  };
  return {
    ...seen,
    name: "volume",
    parameters: {
      volume: {
        shape: [(volume.groups.length + components) * volume.n, volume.n, volume.n],
        initial: (_stream, start) => start.slice(),
      },
    },
    draws: {
      shapes: { views: [capacity, 3, 3], logPrior: [capacity] },
      draw(stream) {
        const turned = volume.groups.map((group, c) => turnedViews(spacings[c]!, group, randomRotation(stream)));
        return {
          views: Float32Array.from(turned.flatMap(({ views }) => [...views])),
          logPrior: Float32Array.from(turned.flatMap(({ logPrior }) => [...logPrior])),
        };
      },
    },
    judge(p, x, { table, logShares, draws }) {
      const learned = viewsOf(p.volume!, draws.views!, () => fourierTables(volume.density(p.volume!))),
        prior = logShares
          ? op.add(
              draws.logPrior!,
              op.reshape(op.gather(logShares, constant(classOf, [capacity], "int32")), [capacity]),
            )
          : draws.logPrior!,
        simulated = viewsOf(table, draws.views!, () => table);
      const image = { harmonics: x.harmonics!, ctfSquared: x.ctfSquared! };
      return op.sub(
        logLikelihood(learned, prior, image, turns, components),
        logLikelihood(simulated, prior, image, turns, components),
      );
    },
  };
}
