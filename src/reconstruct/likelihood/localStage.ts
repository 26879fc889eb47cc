/**
 * A stage of local refinement: posterior-weighted refinement in which each image is compared only with the poses near
 * its most likely one, at a hundredth of the cost of comparing it with all. Of several classes each image is compared
 * with those that are left to it, which mostly is one: it counts in each by the probability that the pass before came
 * to.
 */
import type { PolarGrid } from "../../physics/frequencies.ts";
import { randomRotation } from "../../physics/rotations.ts";
import { shiftsOf } from "../../physics/shift.ts";
import { openTableMaker } from "../../physics/tablePlanes.ts";
import { flatten, viewSpacing } from "../../physics/viewGrid.ts";
import { createStream, type RandomStream } from "../../runtime/random.ts";
import { compile } from "../../runtime/session.ts";
import { changeBoxes, eachClass, joined, mainClass, partOf } from "../classes.ts";
import type { AfterIteration, LocalStage, StageProgress, StageResult, StageVolume } from "../stage.ts";
import { afterComparing, type ClassShares, classShares, logShares, membersOf, ofParticles } from "./classShares.ts";
import type { RefinementContext } from "./context.ts";
import { type Junk, junkOdds, varianceOf } from "./junk.ts";
import { localExpectationProgram } from "./localExpectation.ts";
import {
  foundNear,
  manyCells,
  posesAt,
  sortIntoCells,
  spacingOfCells,
  tilted,
  tiltFeed,
  tiltLattice,
  turnsNearby,
  viewsPerCell,
} from "./localSearch.ts";
import { halvesIn, openMaximisation, tensorsOf } from "./maximisation.ts";
import { refinementCritic } from "./particleStore.ts";
import type { Placement } from "./poseSearch.ts";
import { leastShare, templateProgram } from "./refinement.ts";
import { afterPass, moveScale, restoredScales, scalesFrom, scaleTensors } from "./scales.ts";
import { exchanged, meetingsOf, sharedCells, sumAll, summed } from "./sharing.ts";
import { moveShift } from "./shifts.ts";
import { directionsOfPoses } from "./viewShares.ts";

const batch = 64;
/** An image of which a class has less than this is not compared with it any more. */
const leastMembership = 0.02;

/**
 * Runs the stage, from the start or from a checkpoint inside it.
 *
 * @param previous density of the stage before, and where the particles were found
 */
export async function localStage(
  stage: LocalStage,
  context: RefinementContext,
  previous: { volume: StageVolume; placement: Placement },
  from: StageProgress | undefined,
  after: AfterIteration,
): Promise<StageResult> {
  const { count, spectra, device, processes, shiftLaw, store, groups, junk = false } = context,
    classes = groups.length,
    several = classes > 1 || junk;
  const n = 2 * stage.maxRadius,
    centred = shiftLaw.kind === "none";
  const name = `${context.label}/local-${stage.maxRadius}`;
  const critic = refinementCritic(stage.maxRadius, spectra);
  const grid = critic.grid as PolarGrid,
    radii = grid.radii.length,
    orders = grid.angles;
  const whitening = critic.whitening(spectra.noise);
  const spacing = viewSpacing(stage.maxRadius);
  const allPoses = groups.map((group) => posesAt(stage.maxRadius, group.length));
  /** Log of how many more poses a class has than the first, whose number the program has. */
  const morePoses = allPoses.map((poses) => Math.log(poses / allPoses[0]!));

  const shifts = from?.tensors.shifts ?? previous.placement.shifts.slice();
  const poses = from?.tensors.poses ?? previous.placement.poses.slice();
  const fit = from?.tensors.fit ?? new Float32Array(count);
  const ofClass = (values: Float32Array, c: number): Float32Array => partOf(values, c, classes);
  const found: ClassShares = classShares(
    classes,
    junk,
    count,
    from?.tensors ?? {
      shares: context.shares,
      memberships: previous.placement.memberships ?? context.memberships,
    },
  );

  let scales = restoredScales(from?.tensors ?? {}) ?? scalesFrom(count, context.scales);
  /** Of each particle the posterior probability of its most likely pose, in the class that it belongs to. */
  const peaks = from?.tensors.peaks ?? new Float32Array(several ? count : 0);
  /** What was found of each particle, for a checkpoint. */
  const known = (): Record<string, Float32Array> => ({
    shifts,
    poses,
    fit,
    ...(several ? { ...found, peaks } : {}),
    ...(centred ? {} : scaleTensors(scales)),
  });

  const makeTable = await openTableMaker(n, 1, device);
  const makeTemplates = await compile(templateProgram(n, grid, viewsPerCell, whitening), device);
  const expectation = await compile(
    localExpectationProgram({
      grid,
      views: viewsPerCell,
      turns: turnsNearby(stage.maxRadius),
      poses: allPoses[0]!,
      batch,
      centred,
      ownOdds: junk,
      tellsPeak: several,
    }),
    device,
  );
  const maximisation = await openMaximisation(n, grid, viewsPerCell, whitening, context);
  let volume = from?.tensors.volume ?? changeBoxes(previous.volume, n).data,
    unmasked = from?.tensors.unmasked ?? volume;
  let inside = from?.tensors.position ? from.tensors : undefined;
  if (inside) maximisation.restore({ first: inside.sums!, second: inside.sumsOfSecond! });
  /** Whether the last pass kept the two halves of the particles apart, and what they came to before. */
  let halved = false,
    halfSamples = halvesIn(from?.tensors);

  /** What junk is like beside the densities as they are: by random views of each. */
  const junkOf = async (tables: readonly Float32Array[], stream: RandomStream): Promise<Junk> => {
    const logs = logShares(found, classes),
      variance = new Float32Array(orders * 2 * radii),
      rotations = flatten(Array.from({ length: viewsPerCell }, () => randomRotation(stream)));
    for (let c = 0; c < classes; c++) {
      const { templates } = await makeTemplates.run({ table: tables[c]!, rotations });
      const places = [{ first: 0, views: viewsPerCell, share: Math.exp(logs[c]!) }];
      varianceOf(templates!, orders, viewsPerCell, places).forEach((v, i) => (variance[i]! += v));
    }
    return { share: found.shares[classes]!, variance };
  };

  let { iterations } = stage;
  for (let passes = Math.floor(from?.iteration ?? 0); passes < iterations; passes++) {
    const stream = createStream(context.seed, `${name}/${passes}`);
    const tables = [];
    for (let c = 0; c < classes; c++) tables.push((await makeTable.run({ volume: ofClass(volume, c) })).table);
    const used = stream.permutation(count).subarray(0, Math.min(stage.particles, count)).sort();
    const before = inside?.before ?? poses.slice();
    /** Before the pass: probability that an image is of a class, if it is of a particle at all. */
    const beforePass = inside?.counted ?? found.memberships.slice(),
      counted = ofParticles(beforePass, classes, count);
    const ofAll = eachClass(classes, (c) => {
      const turn = randomRotation(stream),
        own = classes > 1 ? used.filter((p) => counted(c, p) >= leastMembership) : used;
      return {
        c,
        ...sortIntoCells(ofClass(before, c), own, spacingOfCells * spacing, groups[c]!, turn),
      };
    });
    const cells = ofAll.flatMap(({ c, cells: own, psi, mirror }) => own.map((cell) => ({ ...cell, c, psi, mirror }))),
      comparisons = cells.reduce((sum, { members }) => sum + members.length, 0);
    const junkClass = junk ? await junkOf(tables, stream) : undefined;
    /**
     * Log-likelihood of each particle in each class that it was compared with, and what is left of a particle of it.
     */
    const evidences = inside?.evidences ?? new Float32Array(several ? classes * count : 0).fill(-Infinity),
      particles = inside?.particles ?? new Float32Array(several ? count : 0);
    let [start, seen, logLikelihood] = inside ? ([...inside.position!] as [number, number, number]) : [0, 0, 0];
    inside = undefined;
    const whole = cells.length >= manyCells,
      split = !whole && passes + 1 === iterations; // which costs time: in the last pass
    halved = whole || split;

    const own = sharedCells(
        cells.map(({ members }) => members),
        !split,
        batch,
        count,
        processes,
      ),
      changing = [shifts, poses, fit, scales.values, ...(several ? [peaks, evidences] : [])],
      exchange = exchanged(processes, changing);
    const inPass = async (done: number): Promise<StageProgress> => ({
      iteration: passes,
      tensors: {
        volume,
        ...known(),
        before,
        sums: maximisation.sums().first,
        sumsOfSecond: maximisation.sums().second,
        position: Float32Array.of(done, seen, logLikelihood),
        ...(several ? { counted: beforePass, evidences, particles } : {}),
      },
      streams: {},
    });
    const part = (): number => seen / comparisons,
      meet = meetingsOf(processes, { passes, iterations, tasks: own.length, part, snapshot: inPass }, after);
    if (start === 0) await meet(0);
    for (let next = start; next < own.length; next++) {
      const { at, ofHalves } = own[next]!,
        { frame, c, psi, mirror } = cells[at]!;
      const tilts = tiltLattice(viewsPerCell, spacing, createStream(context.seed, `${name}/${passes}/${at}`));
      const views = tilts.map((tilt) => tilted(frame, tilt));
      const { templates } = await makeTemplates.run({ table: tables[c]!, rotations: flatten(views) });
      const tiltsFed = tiltFeed(tilts);
      for (const half of [0, 1] as const) {
        const members = ofHalves[half];
        if (members.length === 0) continue;
        expectation.setState("numerator", new Float32Array(orders * viewsPerCell * 2 * radii));
        expectation.setState("denominator", new Float32Array(viewsPerCell * radii));
        for (let first = 0; first < members.length; first += batch) {
          const size = Math.min(batch, members.length - first);
          const chosen = Int32Array.from({ length: batch }, (_, b) => members[first + Math.min(b, size - 1)]!);
          const images = await store.take(chosen, stage.maxRadius, scales.values);
          const present = Float32Array.from(chosen, (p, b) => (b >= size ? 0 : classes > 1 ? counted(c, p) : 1));
          const result = await expectation.run({
            templates: templates!,
            tilts: tiltsFed,
            ...images,
            junkOdds: junkOdds(junkClass, images).map((log) => log + morePoses[c]!),
            psi: Float32Array.from(chosen, (p) => psi[p]!),
            mirror: Float32Array.from(chosen, (p) => mirror[p]!),
            present,
            ...(centred ? {} : { shifts: shiftsOf(shifts, chosen) }),
          });
          const { evidence, share, turn, tilt, slope, curvature, response, energy } = result;
          for (let b = 0; b < size; b++) {
            const p = chosen[b]!,
              weight = share![b]!,
              isMain = mainClass(beforePass, classes, count, p) === c;
            logLikelihood += present[b]! * (evidence![b]! - morePoses[c]!);
            if (several) {
              evidences[c * count + p] = evidence![b]! - morePoses[c]!;
              particles[p]! += weight;
              if (isMain) peaks[p] = result.peak![b]!;
            }
            if (isMain) fit[p] = result.fit![b]!;
            if (weight < leastShare) continue;
            const meanTilt = [tilt![b]! / weight, tilt![batch + b]! / weight] as const;
            poses.set(foundNear(frame, meanTilt, psi[p]! - turn![b]! / weight, mirror[p]!), 9 * (c * count + p));
            if (centred || !isMain) continue;
            moveShift(shifts, p, [slope![b]! / weight, slope![batch + b]! / weight], curvature![b]!, shiftLaw);
            moveScale(scales, p, response![b]! / weight, energy![b]! / weight);
          }
        }
        const sums = await Promise.all([expectation.getState("numerator"), expectation.getState("denominator")]);
        await maximisation.add(...sums, [{ of: c, first: 0, poses: views }], half);
      }
      logLikelihood = Math.fround(logLikelihood); // as a checkpoint holds it
      seen += ofHalves[0].length + ofHalves[1].length;
      await meet(next + 1);
    }
    await exchange();
    await sumAll(processes, [particles]);
    const totals = await summed(processes, logLikelihood, scales.moved, scales.squares);
    [logLikelihood = 0, scales.moved = 0, scales.squares = 0] = totals;
    if (!centred) scales = afterPass(scales);
    if (several) afterComparing(found, classes, used, evidences, particles);
    ({ data: volume, unmasked } = await maximisation.solve());
    const changed = await after(
      {
        iteration: passes + 1,
        iterations,
        logLikelihood: logLikelihood / used.length,
        ...(several ? { shares: [...found.shares] } : {}),
      },
      async () => ({
        iteration: passes + 1,
        tensors: { volume, unmasked, ...known(), ...(halved ? tensorsOf(await maximisation.halfSamples()) : {}) },
        streams: {},
      }),
      async () => ({ n, data: volume }),
    );
    iterations = changed ?? iterations;
  }
  if (halved) halfSamples = await maximisation.halfSamples();
  await Promise.all([makeTable, makeTemplates, expectation, maximisation].map((e) => e.release()));
  return {
    volume: { n, data: volume, unmasked },
    ...(several ? { ...found, peaks } : {}),
    halfSamples,
    shifts,
    ...(centred ? {} : { scales: scales.values }),
    poses,
    fit,
    viewWeights: context.viewWeights,
    directions: groups.map((group, c) =>
      directionsOfPoses(
        classes === 1
          ? poses
          : joined(
              membersOf(found.memberships, classes, count, c).map((p) => ofClass(poses, c).subarray(9 * p, 9 * p + 9)),
            ),
        group,
      ),
    ),
  };
}
