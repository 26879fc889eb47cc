/**
 * The last stages: posterior-weighted refinement, as tensor programs. The critic's templates become projections of the volume itself on a
 * grid of viewing directions; its log-sum-exp over them is then the log-likelihood of an image, and the gradient of that is the
 * image's posterior over poses. Images enter the volume weighted by their posterior (expectation-maximisation): no pose is ever decided.
 * Here distribution matching ends and likelihood begins.
 *
 * @see Sigworth (1998) J. Struct. Biol. 122, 328; Scheres (2012) J. Mol. Biol. 415, 406
 */
import { angularSamples, harmonics } from "../critic/harmonics.ts";
import { halfEnergies, logMeanOverPoses, templateResponses } from "../critic/likelihoodRatio.ts";
import { shellValue, type PolarGrid } from "../physics/frequencies.ts";
import { centralSlices, fourierTable } from "../physics/project.ts";
import { eulerToMatrix, type Matrix3 } from "../physics/rotations.ts";
import { shift } from "../physics/shift.ts";
import type { Program } from "../runtime/program.ts";
import { gradient } from "../tensor/gradient.ts";
import * as op from "../tensor/ops.ts";
import { constant, input, type Tensor } from "../tensor/tensor.ts";

/**
 * Viewing directions that fill the asymmetric unit of a point group about evenly: those of a Fibonacci lattice over the whole sphere, turned
 * as asked, that lie in the unit. Directions d and -d count as one, because every template is taken with its mirror image.
 *
 * @param spacing angle between neighbours, radians
 * @param turn    orientation of the lattice; its points change, the unit does not
 * @returns poses with psi = 0
 */
export function viewGrid(spacing: number, group: readonly Matrix3[], turn: Matrix3): Matrix3[] {
  const total = Math.ceil((4 * Math.PI) / spacing ** 2);
  const centre = [0.3219, 0.1957, 0.9263] as const; // generic: on no symmetry axis or mirror plane
  const views: Matrix3[] = [];
  for (let i = 0; i < total; i++) {
    const height = 1 - (2 * i + 1) / total, angle = i * Math.PI * (3 - Math.sqrt(5)), radius = Math.sqrt(1 - height * height);
    const direction = apply(turn, [radius * Math.cos(angle), radius * Math.sin(angle), height]);
    const closeness = ([x, y, z]: Vector): number => x * centre[0] + y * centre[1] + z * centre[2];
    const own = closeness(direction);
    if (own < 0 || group.some((g) => Math.abs(closeness(apply(g, direction))) > own + 1e-9)) continue;
    const [x, y, z] = direction;
    views.push(eulerToMatrix(Math.atan2(y, x), Math.acos(Math.max(-1, Math.min(1, z))), 0));
  }
  return views;
}

type Vector = readonly [number, number, number];
const apply = (m: Matrix3, [x, y, z]: Vector): Vector => [m[0]! * x + m[1]! * y + m[2]! * z, m[3]! * x + m[4]! * y + m[5]! * z, m[6]! * x + m[7]! * y + m[8]! * z];

/** Room for any turn's `viewGrid`: their number varies by the points that fall on the unit's border. */
export function viewCapacity(spacing: number, group: readonly Matrix3[]): number {
  const expected = (2 * Math.PI) / spacing ** 2 / group.length;
  return Math.ceil(expected + 3 * Math.sqrt(expected) + 2);
}

/** Noise-weighted templates [orders, views, 2·radii] of a volume's Fourier table. @param whitening of each sample, from the critic */
function projectionTemplates(table: Tensor, rotations: Tensor, grid: PolarGrid, whitening: Float32Array): Tensor {
  const slices = centralSlices(table, rotations, grid);
  const weights = constant(whitening, [grid.count, 1]);
  return op.transpose(harmonics({ re: op.mul(slices.re, weights), im: op.mul(slices.im, weights) }, grid), [0, 2, 1]);
}

/** Templates of a density. Feeds `volume` [n,n,n], `rotations` [views,3,3]; output `templates` [orders, views, 2·radii]. */
export function templateProgram(n: number, grid: PolarGrid, views: number, whitening: Float32Array): Program {
  const volume = input("volume", [n, n, n]), rotations = input("rotations", [views, 3, 3]);
  return { name: "templates", state: {}, feeds: { volume, rotations }, outputs: { templates: projectionTemplates(fourierTable(volume), rotations, grid, whitening) } };
}

export interface ExpectationShape {
  grid: PolarGrid;
  views: number;
  turns: number;
  batch: number;
  /** Trial shifts of every image; 1 for a shift already known; 0 for centred particles. */
  trials: number;
}

/** Views are taken in portions with about this many responses, which then stay in a core's cache between operators. */
const portionSize = 2 ** 18;

/**
 * Expectation step of a batch, accumulated in the state:
 * `numerator` [orders, views, 2·radii] = Σ posterior · image moved and turned back, `denominator` [views, radii] = Σ posterior · CTF².
 *
 * Feeds: `templates`; `viewPrior` [views], the log prior of each view, very negative for places without one; the images'
 * `harmonics` and `ctfSquared`; `logPrior` [copies·batch] of each trial shift, very negative to leave an image out; unless particles are centred, `shifts`
 * [2, copies·batch], the shift to take back from each copy of the batch (units of the box).
 * Outputs: `logLikelihood` [batch], relative to pure noise, and `posterior` [copies, batch] of the trial shifts.
 */
export function expectationProgram({ grid, views, turns, batch, trials }: ExpectationShape): Program {
  const radii = grid.radii.length, orders = grid.angles, copyCount = Math.max(1, trials);
  const templates = input("templates", [orders, views, 2 * radii]);
  const images = input("harmonics", [orders, 2 * radii, batch]), ctfSquared = input("ctfSquared", [radii, batch]);
  const viewPrior = input("viewPrior", [views]), logPrior = input("logPrior", [copyCount * batch]);
  const shifts = input("shifts", [2, copyCount * batch]);
  const copies = (t: Tensor): Tensor => op.concat(Array<Tensor>(copyCount).fill(t), -1);

  const still = angularSamples(images, grid);
  const moved = trials === 0 ? images : harmonics(shift({ re: copies(still.re), im: copies(still.im) }, op.neg(shifts), grid), grid);
  const energies = op.sub(halfEnergies(op.stopGradient(templates), copies(ctfSquared)), op.reshape(viewPrior, [views, 1]));
  const portion = Math.max(1, Math.round(portionSize / (turns * copyCount * batch)));
  const parts = Array.from({ length: Math.ceil(views / portion) }, (_, i) => op.slice(templates, 1, i * portion, Math.min(views, (i + 1) * portion)));
  const overPoses = op.concat(parts.map((part) => logMeanOverPoses(templateResponses(moved, part, turns))), 0);
  const evidence = op.logSumExp(op.add(op.sub(overPoses, energies), logPrior), [0]);
  const logLikelihood = op.logSumExp(op.reshape(evidence, [copyCount, batch]), [0]);
  const [minusWeights, ...numerators] = gradient(op.sum(logLikelihood), [energies, ...parts]);
  const denominator = op.matmul(op.neg(minusWeights!), op.matrixTranspose(copies(ctfSquared)));

  const sums = { numerator: input("numerator", [orders, views, 2 * radii]), denominator: input("denominator", [views, radii]) };
  return {
    name: "expectation",
    state: {
      numerator: { input: sums.numerator, next: op.add(sums.numerator, op.concat(numerators, 1)) },
      denominator: { input: sums.denominator, next: op.add(sums.denominator, denominator) },
    },
    feeds: { templates, viewPrior, harmonics: images, ctfSquared, logPrior, ...(trials > 0 ? { shifts } : {}) },
    outputs: { logLikelihood, posterior: op.exp(op.sub(op.reshape(evidence, [copyCount, batch]), logLikelihood)) },
  };
}

/**
 * Maximisation step, first half: sends the sums of the expectation step into the volume's Fourier table. The state `accumulated`
 * [3, m, m, m] (m = 2n+2), numerator (complex) and denominator, grows with every run: one for each element of the point group.
 */
export function backprojectionProgram(n: number, grid: PolarGrid, views: number, whitening: Float32Array): Program {
  const m = 2 * n + 2, radii = grid.radii.length;
  const feeds = { rotations: input("rotations", [views, 3, 3]), numerator: input("numerator", [grid.angles, views, 2 * radii]), denominator: input("denominator", [views, radii]) };
  // The adjoint of making templates, by differentiation.
  const table = input("table", [2, m, m, m]);
  const templates = projectionTemplates(table, feeds.rotations, grid, whitening);
  const [numerator] = gradient(op.sum(op.mul(feeds.numerator, templates)), [table]);
  // The same for the squared weights, whose only place is the real part. A sample counts twice in a template's energy: for itself and for
  // its complex conjugate on the other half of the circle.
  const onCircles = op.reshape(op.expand(op.reshape(op.transpose(feeds.denominator, [1, 0]), [1, radii, views]), [grid.angles, radii, views]), [grid.count, views]);
  const weights = op.mul(onCircles, constant(whitening.map((w) => 2 * w * w), [grid.count, 1]));
  const [denominator] = gradient(op.sum(op.mul(centralSlices(table, feeds.rotations, grid).re, weights)), [table]);
  const accumulated = input("accumulated", [3, m, m, m]);
  const sums = op.concat([numerator!, op.slice(denominator!, 0, 0, 1)], 0);
  return { name: "backprojection", state: { accumulated: { input: accumulated, next: op.add(accumulated, sums) } }, feeds, outputs: {} };
}

/** Expected power at each voxel of the padded table; 0 beyond `maxRadius`. The padded table is eight times finer than the independent frequencies. */
export function tablePrior(n: number, power: ArrayLike<number>, maxRadius: number): Float32Array {
  const m = 2 * n + 2;
  const out = new Float32Array(m ** 3);
  for (let z = 0, i = 0; z < m; z++) {
    for (let y = 0; y < m; y++) {
      for (let x = 0; x < m; x++, i++) {
        const k = Math.sqrt((x - n) ** 2 + (y - n) ** 2 + (z - n) ** 2) / 2;
        if (k <= maxRadius) out[i] = 8 * shellValue(power, k);
      }
    }
  }
  return out;
}

/**
 * Maximisation step, second half: Wiener's estimate numerator/(denominator + 1/prior) at each frequency, then back to real space and masked.
 *
 * @param prior from `tablePrior`
 */
export function wienerProgram(n: number, prior: Float32Array, mask: Float32Array): Program {
  const m = 2 * n + 2, rows = m ** 3;
  const accumulated = input("accumulated", [3, m, m, m]);
  // Slices fill one half of the table; frequency -f holds the conjugate. The last plane of each axis has no partner and stays empty.
  const partner = new Int32Array(rows), kept = new Float32Array(rows);
  for (let z = 0, i = 0; z < m; z++) {
    for (let y = 0; y < m; y++) {
      for (let x = 0; x < m; x++, i++) {
        const paired = z <= 2 * n && y <= 2 * n && x <= 2 * n;
        partner[i] = paired ? ((2 * n - z) * m + (2 * n - y)) * m + (2 * n - x) : i;
        kept[i] = paired && prior[i]! > 0 ? 1 : 0;
      }
    }
  }
  const opposite = constant(partner, [rows], "int32");
  const channel = (c: number): Tensor => op.reshape(op.slice(accumulated, 0, c, c + 1), [rows, 1]);
  const re = op.add(channel(0), op.gather(channel(0), opposite));
  const im = op.sub(channel(1), op.gather(channel(1), opposite));
  const denominator = op.add(op.add(channel(2), op.gather(channel(2), opposite)), constant(prior.map((p) => (p > 0 ? 1 / p : 1)), [rows, 1]));
  const factor = op.div(constant(kept, [rows, 1]), denominator);
  const transform = op.reshape(op.concat([op.mul(re, factor), op.mul(im, factor)], 0), [2, m, m, m]);
  // The inverse transform and the gridding correction are the adjoint of `fourierTable`.
  const v = input("v", [n, n, n]);
  const [back] = gradient(op.sum(op.mul(transform, fourierTable(v))), [v]);
  return { name: "wiener", state: {}, feeds: { accumulated }, outputs: { volume: op.mul(back!, constant(mask.map((w) => w / (2 * n) ** 3), [n, n, n])) } };
}
