/**
 * A stage of posterior-weighted refinement: expectation over all poses, then the volume that the weighted images make.
 */
import type { PolarGrid } from "../../physics/frequencies.ts";
import { type Matrix3, randomRotation } from "../../physics/rotations.ts";
import { shiftsOf } from "../../physics/shift.ts";
import { openTableMaker } from "../../physics/tablePlanes.ts";
import { absentView, flattenInto, viewCapacity, viewGrid, viewSpacing } from "../../physics/viewGrid.ts";
import { createStream } from "../../runtime/random.ts";
import { compile } from "../../runtime/session.ts";
import { changeBoxes, classesIn, eachClass, joined, volumeOf } from "../classes.ts";
import type { AfterIteration, RefinementStage, StageProgress, StageResult, StageVolume } from "../stage.ts";
import { classShares, logShares, sharesOf } from "./classShares.ts";
import type { RefinementContext } from "./context.ts";
import { junkOdds, varianceOf } from "./junk.ts";
import { halvesIn, openMaximisation, tensorsOf } from "./maximisation.ts";
import { refinementCritic } from "./particleStore.ts";
import { expectationProgram, leastShare, templateProgram } from "./refinement.ts";
import { dealt, exchanged, meetingsOf, ofMachine, sumAll, summed } from "./sharing.ts";
import { moveShift } from "./shifts.ts";
import { openViewPrior } from "./viewPrior.ts";
import { directionsOfViews } from "./viewShares.ts";

const batch = 64;
/** Names in checkpoints. */
const viewSums = ["viewSums", "viewSumsOfSecond"] as const;
/**
 * Whether the last four passes together raised the log-likelihood by less than a hundredth of it: with weak signal it
 * rises slowly, and still goes far.
 */
const standsStill = (history: readonly number[]): boolean =>
  history.length > 4 && history.at(-1)! - history.at(-5)! < 0.01 * Math.abs(history.at(-1)!);

/**
 * Share of a pass's change that the next one starts with in advance, as long as the likelihood rises: with weak signal
 * a pass alone changes little.
 */
const carriedOn = 0.7;

/**
 * Runs the stage, from the start or from a checkpoint inside it, until the log-likelihood stands still or its passes
 * are done.
 *
 * @param previous volume of the stage before
 * @param shiftsSoFar [2, count], units of the box
 */
export async function refinementStage(
  stage: RefinementStage,
  context: RefinementContext,
  previous: StageVolume,
  shiftsSoFar: Float32Array | undefined,
  from: StageProgress | undefined,
  after: AfterIteration,
): Promise<StageResult> {
  const { count, spectra, device, processes, shiftLaw, store, groups, junk = false } = context,
    classes = groups.length;
  const n = 2 * stage.maxRadius,
    centred = shiftLaw.kind === "none";
  const name = `${context.label}/refinement-${stage.maxRadius}`;
  const critic = refinementCritic(stage.maxRadius, spectra);
  const grid = critic.grid as PolarGrid;
  const whitening = critic.whitening(spectra.noise);
  const spacing = viewSpacing(stage.maxRadius);
  // The views of all classes side by side.
  const capacities = groups.map((group) => viewCapacity(spacing, group)),
    firsts = capacities.map((_, c) => capacities.slice(0, c).reduce((sum, views) => sum + views, 0)),
    capacity = firsts.at(-1)! + capacities.at(-1)!,
    of = capacities.flatMap((views, c) => new Array<number>(views).fill(c));

  const makeTable = await openTableMaker(n, classes, device);
  const makeTemplates = await compile(templateProgram(n, grid, capacity, whitening, of), device);
  const expectation = await compile(
    expectationProgram({ grid, views: capacity, turns: 2 * n, batch, centred, of, ownOdds: junk }),
    device,
  );
  const maximisation = await openMaximisation(n, grid, capacity, whitening, context);

  const stream = createStream(context.seed, name);
  /** What the images are compared with, and the estimate of the last pass. */
  let volume = from ? from.tensors.volume! : changeBoxes(previous, n).data,
    estimate = from?.tensors.estimate ?? volume,
    unmasked = from?.tensors.unmasked ?? volume;
  const shifts = from?.tensors.shifts ?? shiftsSoFar?.slice() ?? new Float32Array(2 * count);
  if (from) stream.restore(from.streams.order!);
  const priors = groups.map((group) => openViewPrior(group, context.views, context.seed));
  let viewWeights = from?.tensors.viewWeights ?? context.viewWeights ?? joined(priors.map(({ start }) => start));
  /** Those of each class. */
  const weightsOf = (weights: Float32Array): Float32Array[] => {
    let at = 0;
    return priors.map(({ start }) => weights.subarray(at, (at += start.length)));
  };
  const several = classes > 1 || junk,
    found = classShares(classes, junk, count, from?.tensors ?? context);
  let inside = from?.tensors.position ? from.tensors : undefined;
  /** Mean log-likelihood of each pass. */
  const history = [...(from?.tensors.history ?? [])];
  /** Views of the last pass, and how the particles share among them. */
  let last: { views: Matrix3[][]; sums: Float32Array } | undefined;

  let { iterations } = stage;
  for (
    let passes = Math.floor(from?.iteration ?? 0);
    passes < iterations && (stage.sampled || !standsStill(history));
    passes++
  ) {
    const orderState = stream.state();
    // A new orientation of the grid of views each time, so that no view is favoured.
    const views = groups.map((group, c) => viewGrid(spacing, group, randomRotation(stream)).slice(0, capacities[c]));
    const viewPrior = new Float32Array(capacity).fill(absentView);
    weightsOf(viewWeights).forEach((weights, c) => viewPrior.set(priors[c]!.logPrior(weights, views[c]!), firsts[c]));
    const { table } = await makeTable.run({ volume });
    const { templates } = await makeTemplates.run({
      table: table!,
      rotations: joined(views.map((ofClass, c) => flattenInto(capacities[c]!, ofClass))),
    });
    const logs = logShares(found, classes),
      drawn =
        classes > 1 && areAlike({ n, data: volume }) ? drawnClasses(context.seed, name, count, classes) : undefined;
    /** Log prior of the classes for some images: at first, of classes that are all alike, each has a random one. */
    const classPriorOf = (chosen: Int32Array): Float32Array =>
      Float32Array.from({ length: classes * batch }, (_, i) => {
        const c = Math.floor(i / batch);
        return drawn ? (drawn[chosen[i % batch]!] === c ? 0 : absentView) : logs[c]!;
      });
    const junkClass = junk
      ? {
          share: found.shares[classes]!,
          variance: varianceOf(
            templates!,
            grid.angles,
            capacity,
            views.map(({ length }, c) => ({ first: firsts[c]!, views: length, share: Math.exp(logs[c]!) })),
          ),
        }
      : undefined;
    const used = stream.permutation(count).subarray(0, Math.min(stage.particles, count));
    expectation.setState("numerator", inside?.numerator ?? new Float32Array(templates!.length));
    expectation.setState("denominator", inside?.denominator ?? new Float32Array(capacity * grid.radii.length));
    let [start, logLikelihood] = inside ? ([...inside.position!] as [number, number]) : [0, 0];
    if (inside) maximisation.restore({ first: inside.sums!, second: inside.sumsOfSecond! });
    /** Posterior probability of each view, summed over the particles of either half. */
    const sums = [0, 1].map((half) => inside?.[viewSums[half]!] ?? new Float32Array(capacity)) as [
      Float32Array,
      Float32Array,
    ];
    inside = undefined;
    const border = batch * Math.ceil(used.length / batch / 2),
      batches = [used.subarray(0, border), used.subarray(border)].flatMap((ofHalf, half) => {
        const here = ofMachine(ofHalf, count, processes);
        return Array.from({ length: Math.ceil(here.length / batch) }, (_, i) => ({
          half: half as 0 | 1,
          particles: here.subarray(i * batch, (i + 1) * batch),
        }));
      }),
      own = dealt(
        batches.map(({ particles }) => particles.length),
        processes,
      ).map((i) => batches[i]!),
      exchange = exchanged(processes, [...(several ? [found.memberships] : []), ...(centred ? [] : [shifts])]);
    const begun = Math.ceil(start / batch);
    /** The half that the sums are of. */
    let collecting = own[Math.max(0, begun - 1)]?.half ?? 0;
    /** What the images of a half came to goes into the volume of that half. */
    const addHalf = async (half: 0 | 1): Promise<void> =>
      maximisation.add(
        await expectation.getState("numerator"),
        await expectation.getState("denominator"),
        views.map((poses, c) => ({ of: c, first: firsts[c]!, poses })),
        half,
      );
    const inPass = async (done: number): Promise<StageProgress> => ({
      iteration: passes,
      tensors: {
        volume,
        estimate,
        shifts,
        history: Float32Array.from(history),
        position: Float32Array.of(done * batch, logLikelihood),
        numerator: (await expectation.getState("numerator")).slice(),
        denominator: (await expectation.getState("denominator")).slice(),
        sums: maximisation.sums().first,
        sumsOfSecond: maximisation.sums().second,
        viewWeights,
        ...(several ? { shares: found.shares, memberships: found.memberships.slice() } : {}),
        [viewSums[0]]: sums[0].slice(),
        [viewSums[1]]: sums[1].slice(),
      },
      streams: { order: orderState },
    });
    const part = (done: number): number => done / own.length,
      meet = meetingsOf(processes, { passes, iterations, tasks: own.length, part, snapshot: inPass }, after);
    if (begun === 0) await meet(0);
    for (let at = begun; at < own.length; at++) {
      const { half, particles } = own[at]!,
        size = particles.length;
      if (half !== collecting) {
        await addHalf(collecting);
        expectation.setState("numerator", new Float32Array(templates!.length));
        expectation.setState("denominator", new Float32Array(capacity * grid.radii.length));
        collecting = half;
      }
      const chosen = Int32Array.from({ length: batch }, (_, b) => particles[Math.min(b, size - 1)]!);
      const images = await store.take(chosen, stage.maxRadius, context.scales);
      const { posterior, evidence, share, memberships, slope, curvature } = await expectation.run({
        templates: templates!,
        viewPrior,
        ...images,
        present: new Float32Array(batch).fill(1, 0, size),
        junkOdds: junkOdds(junkClass, images),
        ...(classes > 1 ? { classPrior: classPriorOf(chosen) } : {}),
        ...(centred ? {} : { shifts: shiftsOf(shifts, chosen) }),
      });
      const ofHalf = sums[half];
      posterior!.forEach((p, v) => (ofHalf[v]! += p));
      for (let b = 0; b < size; b++) {
        logLikelihood += evidence![b]!;
        const weight = share![b]!;
        if (several)
          found.shares.forEach((_, c) => {
            const own = c === classes ? 1 - weight : classes > 1 ? memberships![c * batch + b]! : weight;
            found.memberships[c * count + chosen[b]!] = own;
          });
        if (centred || weight <= leastShare) continue;
        moveShift(shifts, chosen[b]!, [slope![b]! / weight, slope![batch + b]! / weight], curvature![b]!, shiftLaw);
      }
      logLikelihood = Math.fround(logLikelihood); // as a checkpoint holds it
      await meet(at + 1);
    }

    await addHalf(collecting);
    await exchange();
    await sumAll(processes, sums);
    [logLikelihood = 0] = await summed(processes, logLikelihood);
    last = { views, sums: sums[0].map((sum, v) => sum + sums[1][v]!) };
    viewWeights = joined(
      weightsOf(viewWeights).map((weights, c) => {
        const ofClass = (half: Float32Array): Float32Array => half.subarray(firsts[c], firsts[c]! + views[c]!.length);
        return priors[c]!.estimate(weights, views[c]!, [ofClass(sums[0]), ofClass(sums[1])]);
      }),
    );
    if (several) found.shares = sharesOf(found, used);
    const before = estimate,
      momentum = history.length > 0 && logLikelihood / used.length > history.at(-1)! ? carriedOn : 0;
    ({ data: estimate, unmasked } = await maximisation.solve());
    volume = estimate.map((v, i) => v + momentum * (v - before[i]!));
    history.push(Math.fround(logLikelihood / used.length));
    const changed = await after(
      {
        iteration: passes + 1,
        iterations,
        logLikelihood: logLikelihood / used.length,
        ...(several ? { shares: [...found.shares] } : {}),
      },
      async () => ({
        iteration: passes + 1,
        tensors: {
          volume,
          estimate,
          unmasked,
          shifts,
          viewWeights,
          ...(several ? found : {}),
          history: Float32Array.from(history),
          ...tensorsOf(await maximisation.halfSamples()),
        },
        streams: { order: stream.state() },
      }),
      async () => ({ n, data: estimate }),
    );
    iterations = changed ?? iterations;
  }
  const halfSamples = last ? await maximisation.halfSamples() : halvesIn(from?.tensors);
  await Promise.all([makeTable, makeTemplates, expectation, maximisation].map((e) => e.release()));
  return {
    volume: { n, data: estimate, unmasked },
    ...(several ? found : {}),
    halfSamples,
    logLikelihood: history.at(-1),
    shifts: centred ? undefined : shifts,
    viewWeights,
    directions:
      last && groups.map((group, c) => directionsOfViews(last!.views[c]!, last!.sums.subarray(firsts[c]), group)),
  };
}

/** Whether the densities of all classes are one: nothing tells then which image is of which. */
const areAlike = (volume: StageVolume): boolean => {
  const [first, ...others] = eachClass(classesIn(volume), (c) => volumeOf(volume, c).data);
  return others.every((other) => other.every((v, i) => v === first![i]));
};

function drawnClasses(seed: number, name: string, count: number, classes: number): Int32Array {
  const stream = createStream(seed, `${name}/classes`);
  return Int32Array.from({ length: count }, () => stream.integer(classes));
}
