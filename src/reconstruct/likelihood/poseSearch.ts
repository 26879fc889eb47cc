/**
 * The most likely poses of particles against a density, from all poses: where a local search starts, and where it is
 * put right.
 */

import { apply, directionOf } from "../../physics/directions.ts";
import type { PolarGrid } from "../../physics/frequencies.ts";
import { angularDistance, type Matrix3, multiply, randomRotation, transpose } from "../../physics/rotations.ts";
import { shiftDeviation, shiftsOf } from "../../physics/shift.ts";
import { openTableMaker } from "../../physics/tablePlanes.ts";
import { flattenInto, viewCapacity, viewGrid, viewSpacing } from "../../physics/viewGrid.ts";
import { createStream } from "../../runtime/random.ts";
import { compile } from "../../runtime/session.ts";
import type { RefinementContext } from "./context.ts";
import { turnProgram } from "./localExpectation.ts";
import { mirrored, turned } from "./localSearch.ts";
import { refinementCritic } from "./particleStore.ts";
import { templateProgram, viewLikelihoodProgram } from "./refinement.ts";
import { blockOfMachine, dealt, exchanged } from "./sharing.ts";
import { openViewPrior } from "./viewPrior.ts";

const batch = 64;

/** Poses and shifts of all particles. */
export interface Placement {
  /** [classes, count, 3, 3] */
  poses: Float32Array;
  /** [2, count], units of the box; 0 where particles are centred. */
  shifts: Float32Array;
  /** Posterior probability of several classes, [classes, count]. */
  memberships?: Float32Array;
}

/** What a search came to. */
export interface PosesFound extends Placement {
  /** Of each particle searched for: log-likelihood over all poses, relative to pure noise. */
  scores: Float64Array;
  /** And the posterior probability of the place found among all. */
  certainty: Float64Array;
}

export interface PoseSearch {
  /** Particles to search for, ascending. */
  chosen: Int32Array;
  /** What is added to each particle's shift, in turn; only nothing where particles are centred. */
  trials: readonly (readonly [number, number])[];
  /** Shifts so far, [2, count]. */
  shifts: Float32Array;
  /** Poses so far, [count, 3, 3]. They are kept where the search does not find something clearly better. */
  poses?: Float32Array;
  /** Called with the number of particles done; throwing ends the search. */
  onProgress(done: number): void;
}

/** Views nearer than this, in units of their spacing, are where a local search looks. */
const nearby = 2;
/** Shifts nearer than this over the radius, in units of the box, a local search brings together: a fifth of a wave. */
const nearbyShift = 0.2;
/** By how much a new pose has to be more likely than the known one, e to the power of this. */
const clearlyBetter = 1;

/**
 * Searches all poses and the trial shifts, in one class.
 *
 * @param volume  [2·maxRadius]³
 * @param context with the group and the distribution of views of the class
 * @returns where the chosen particles were found; others stay
 */
export async function searchPoses(
  volume: Float32Array,
  maxRadius: number,
  context: RefinementContext,
  { chosen: particles, trials, shifts, poses, onProgress }: PoseSearch,
): Promise<PosesFound> {
  const { count, spectra, device, processes, store } = context;
  const n = 2 * maxRadius,
    turns = 2 * n,
    centred = context.shiftLaw.kind === "none";
  const critic = refinementCritic(maxRadius, spectra);
  const grid = critic.grid as PolarGrid,
    orders = grid.angles,
    width = 2 * grid.radii.length;
  const spacing = viewSpacing(maxRadius),
    capacity = viewCapacity(spacing, context.groups[0]!);
  const views = viewGrid(
    spacing,
    context.groups[0]!,
    randomRotation(createStream(context.seed, `${context.label}/poses-${maxRadius}`)),
  ).slice(0, capacity);
  const makeTable = await openTableMaker(n, 1, device);
  const makeTemplates = await compile(templateProgram(n, grid, capacity, critic.whitening(spectra.noise)), device);
  const likelihood = await compile(viewLikelihoodProgram({ grid, views: capacity, turns, batch, centred }), device);
  const turning = await compile(turnProgram({ grid, turns, batch, centred }), device);

  const { table } = await makeTable.run({ volume });
  const { templates } = await makeTemplates.run({
    table: table!,
    rotations: flattenInto(capacity, views),
  });
  const { start, logPrior } = openViewPrior(context.groups[0]!, context.views, context.seed),
    viewPrior = logPrior(context.viewWeights ?? start, views);
  const neighbours = neighboursOf(views, context.groups[0]!, nearby * spacing),
    sigma = shiftDeviation(context.shiftLaw);
  const found: Placement = { poses: poses?.slice() ?? new Float32Array(9 * count), shifts: shifts.slice() };
  const scores = new Float64Array(particles.length),
    certainty = new Float64Array(particles.length);
  const exchange = exchanged(processes, [found.poses, found.shifts]),
    ofMachine = blockOfMachine(count, processes),
    begin = particles.findLastIndex((p) => p < ofMachine.first) + 1,
    end = particles.findLastIndex((p) => p < ofMachine.end) + 1,
    starts = Array.from({ length: Math.ceil((end - begin) / batch) }, (_, i) => begin + i * batch),
    own = dealt(
      starts.map(() => 1),
      processes,
    ).map((task) => ({ first: starts[task]!, size: Math.min(batch, end - starts[task]!) })),
    ownSize = own.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  for (const { first, size } of own) {
    const chosen = Int32Array.from({ length: batch }, (_, b) => particles[first + Math.min(b, size - 1)]!);
    const images = await store.take(chosen, maxRadius, context.scales);
    const tried: Trial[][] = Array.from(chosen, () => []);
    for (const [x, y] of trials) {
      const moved = shiftsOf(shifts, chosen).map((v, i) => v + (i < batch ? x : y));
      const { byView } = await likelihood.run({
        templates: templates!,
        ...images,
        ...(centred ? {} : { shifts: moved }),
      });
      tried.forEach((list, b) => list.push(trialOf(byView!, b, [moved[b]!, moved[batch + b]!], viewPrior, sigma)));
    }
    const best = tried.map((list) => list.reduce((a, b) => (b.score > a.score ? b : a)));
    const taken = Float32Array.from({ length: 2 * batch }, (_, i) => best[i % batch]!.shift[i < batch ? 0 : 1]);
    const { plain, mirror } = await turning.run({
      templates: ofViews(
        templates!,
        best.map((t) => t.view),
        orders,
        capacity,
        width,
      ),
      harmonics: images.harmonics,
      ...(centred ? {} : { shifts: taken }),
    });
    for (let b = 0; b < size; b++) {
      const p = chosen[b]!,
        { view, logs, shift, score } = best[b]!;
      scores[first + b] = score;
      certainty[first + b] = sumRelative(logs, logs[view]!, neighbours[view]) / sumRelative(logs, logs[view]!);
      const a = highest(plain!, b, turns),
        m = highest(mirror!, b, turns);
      const angle = (t: number): number => (2 * Math.PI * t) / turns;
      // The image is the projection turned by the angle; a mirrored one is turned the other way.
      const pose =
        plain![a * batch + b]! >= mirror![m * batch + b]!
          ? turned(views[view]!, -angle(a))
          : mirrored(turned(views[view]!, angle(m)));
      if (
        poses &&
        keeps({ poses, shifts }, p, pose, best[b]!, tried[b]!, {
          views,
          neighbours,
          group: context.groups[0]!,
          maxRadius,
        })
      )
        continue;
      found.poses.set(pose, 9 * p);
      found.shifts[p] = shift[0];
      found.shifts[count + p] = shift[1];
    }
    done += size;
    onProgress(Math.round((particles.length * done) / ownSize));
  }
  await exchange();
  for (const values of [scores, certainty]) await processes.sum(values);
  await Promise.all([makeTable, makeTemplates, likelihood, turning].map((e) => e.release()));
  return { ...found, scores, certainty };
}

/** What one shift of an image gives. */
interface Trial {
  shift: readonly [number, number];
  /** Log-likelihood over all poses, with the priors of view and shift. */
  score: number;
  /** The best view. */
  view: number;
  /** Log-likelihood of each view, with the same. */
  logs: Float32Array;
}

function trialOf(
  byView: Float32Array,
  b: number,
  shift: readonly [number, number],
  viewPrior: Float32Array,
  sigma: number,
): Trial {
  const prior = sigma > 0 ? (shift[0] ** 2 + shift[1] ** 2) / (2 * sigma ** 2) : 0;
  const logs = new Float32Array(viewPrior.length);
  let view = 0;
  for (let v = 0; v < logs.length; v++) {
    logs[v] = byView[v * batch + b]! + viewPrior[v]! - prior;
    if (logs[v]! > logs[view]!) view = v;
  }
  return { shift, logs, view, score: logs[view]! + Math.log(sumRelative(logs, logs[view]!)) };
}

/** Sum of the exponentials of chosen values, or of all, less a peak. */
function sumRelative(logs: Float32Array, peak: number, chosen?: Int32Array): number {
  let sum = 0;
  if (chosen) for (const v of chosen) sum += Math.exp(logs[v]! - peak);
  else for (let v = 0; v < logs.length; v++) sum += Math.exp(logs[v]! - peak);
  return sum;
}

interface Grid {
  views: readonly Matrix3[];
  neighbours: readonly Int32Array[];
  group: readonly Matrix3[];
  maxRadius: number;
}

/**
 * Whether what is known of a particle stays: it is where the search ended, or in another place of almost the same
 * likelihood.
 */
function keeps(
  { poses, shifts }: Placement,
  p: number,
  found: Matrix3,
  best: Trial,
  tried: readonly Trial[],
  { views, neighbours, group, maxRadius }: Grid,
): boolean {
  const pose = Float64Array.from(poses.subarray(9 * p, 9 * p + 9)),
    spacing = viewSpacing(maxRadius);
  const shiftIsNear = ({ shift }: Trial): boolean =>
    Math.hypot(shift[0] - shifts[p]!, shift[1] - shifts[shifts.length / 2 + p]!) < nearbyShift / maxRadius;
  const equivalents = group.map((g) => multiply(pose, transpose(g)));
  if (equivalents.some((e) => angularDistance(e, found) < 2 * nearby * spacing)) return shiftIsNear(best);
  const own = nearestView(views, equivalents);
  // Along the same direction, but turned in the image plane or seen from behind: turns are not scored one by one.
  if (neighbours[own]!.includes(best.view)) return false;
  return tried.some(
    (trial) => shiftIsNear(trial) && Math.log(sumRelative(trial.logs, best.score, neighbours[own])) > -clearlyBetter,
  );
}

/** The view whose direction is nearest to that of one of some poses, up to its sign. */
function nearestView(views: readonly Matrix3[], poses: readonly Matrix3[]): number {
  let nearest = 0,
    most = -1;
  for (const pose of poses) {
    for (let v = 0; v < views.length; v++) {
      const view = views[v]!,
        closeness = Math.abs(pose[6]! * view[6]! + pose[7]! * view[7]! + pose[8]! * view[8]!);
      if (closeness > most) [most, nearest] = [closeness, v];
    }
  }
  return nearest;
}

/** Row of the highest value in column b of [rows, batch]. */
function highest(values: Float32Array, b: number, rows: number): number {
  let best = 0;
  for (let row = 1; row < rows; row++) if (values[row * batch + b]! > values[best * batch + b]!) best = row;
  return best;
}

/** Chosen views of templates [orders, views, width], with the choice as the last axis: [orders, width, chosen]. */
function ofViews(
  templates: Float32Array,
  chosen: readonly number[],
  orders: number,
  views: number,
  width: number,
): Float32Array {
  const out = new Float32Array(orders * width * chosen.length);
  for (let m = 0, o = 0; m < orders; m++)
    for (let k = 0; k < width; k++) for (const view of chosen) out[o++] = templates[(m * views + view) * width + k]!;
  return out;
}

/** For each view those within an angle of it, under the group and mirroring; itself too. */
function neighboursOf(views: readonly Matrix3[], group: readonly Matrix3[], angle: number): Int32Array[] {
  const directions = views.map((view) => group.map((g) => apply(g, directionOf(view))));
  const least = Math.cos(angle);
  return views.map((view) =>
    Int32Array.from(
      directions.flatMap((equivalents, j) =>
        equivalents.some(([x, y, z]) => Math.abs(view[6]! * x + view[7]! * y + view[8]! * z) >= least) ? [j] : [],
      ),
    ),
  );
}
