/**
 * A stage of local refinement: posterior-weighted refinement in which each image is compared only with the poses near
 * its most likely one, at a hundredth of the cost of comparing it with all.
 */
import { changeBox } from "../../numeric/fourierCrop.ts";
import type { PolarGrid } from "../../physics/frequencies.ts";
import { randomRotation } from "../../physics/rotations.ts";
import { shiftsOf } from "../../physics/shift.ts";
import { flatten, viewSpacing } from "../../physics/viewGrid.ts";
import { createStream } from "../../runtime/random.ts";
import { compile } from "../../runtime/session.ts";
import type { AfterIteration, LocalStage, StageProgress, StageResult, StageVolume } from "../stage.ts";
import type { RefinementContext } from "./context.ts";
import { localExpectationProgram } from "./localExpectation.ts";
import { mirrored, sortIntoCells, tilted, tiltLattice, turned } from "./localSearch.ts";
import { halvesIn, openMaximisation, tensorsOf } from "./maximisation.ts";
import { refinementCritic } from "./particleStore.ts";
import type { Placement } from "./poseSearch.ts";
import { junkOdds, leastShare, tableProgram, templateProgram } from "./refinement.ts";
import { afterPass, moveScale, restoredScales, scalesFrom, scaleTensors } from "./scales.ts";
import { moveShift } from "./shifts.ts";
import { directionsOfPoses } from "./viewShares.ts";

const batch = 64;
/** Radius of a cell, and how far beyond its border views are tried, in units of the spacing between views. */
const cellRadius = 2.5,
  margin = 2;
/** Views of a cell: a disc of that size. */
const viewsPerCell = Math.round(Math.PI * (cellRadius + margin) ** 2);
/**
 * So many cells are dealt out to the two halves of the particles as a whole, which costs nothing; of fewer each is
 * divided, in the last pass.
 */
const manyCells = 64;
/**
 * In-plane turns tried to either side of the one known, at the angle by which features of the stage's resolution move
 * by half their size.
 */
const turnsEitherSide = 3;

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
  const { count, spectra, device, shiftLaw, store } = context;
  const n = 2 * stage.maxRadius,
    centred = shiftLaw.kind === "none";
  const name = `${context.label}/local-${stage.maxRadius}`;
  const critic = refinementCritic(stage.maxRadius, spectra);
  const grid = critic.grid as PolarGrid,
    radii = grid.radii.length,
    orders = grid.angles;
  const whitening = critic.whitening(spectra.noise);
  const spacing = viewSpacing(stage.maxRadius);
  const turns = Array.from(
    { length: 2 * turnsEitherSide + 1 },
    (_, i) => ((i - turnsEitherSide) * 2 * Math.PI) / (2 * n),
  );
  // directions up to their sign, mirroring, turns
  const allPoses = ((2 * Math.PI) / spacing ** 2 / context.group.length) * 2 * (2 * n);

  const shifts = from?.tensors.shifts ?? previous.placement.shifts.slice();
  const poses = from?.tensors.poses ?? previous.placement.poses.slice();
  const fit = from?.tensors.fit ?? new Float32Array(count);

  let scales = restoredScales(from?.tensors ?? {}) ?? scalesFrom(count, context.scales);
  /** What was found of each particle, for a checkpoint. */
  const known = (): Record<string, Float32Array> => ({ shifts, poses, fit, ...(centred ? {} : scaleTensors(scales)) });

  const makeTable = await compile(tableProgram(n), device);
  const makeTemplates = await compile(templateProgram(n, grid, viewsPerCell, whitening), device);
  const expectation = await compile(
    localExpectationProgram({ grid, views: viewsPerCell, turns, poses: allPoses, batch, centred }),
    device,
  );
  const maximisation = await openMaximisation(n, grid, viewsPerCell, whitening, context);
  let volume = from?.tensors.volume ?? changeBox(previous.volume, n).data,
    unmasked = from?.tensors.unmasked ?? volume;
  let inside = from?.tensors.position ? from.tensors : undefined;
  if (inside) maximisation.restore({ first: inside.sums!, second: inside.sumsOfSecond! });
  /** Whether the last pass kept the two halves of the particles apart, and what they came to before. */
  let halved = false,
    halfSamples = halvesIn(from?.tensors);

  let { iterations } = stage;
  for (let done = Math.floor(from?.iteration ?? 0); done < iterations; done++) {
    const stream = createStream(context.seed, `${name}/${done}`);
    const { table } = await makeTable.run({ volume });
    const used = stream.permutation(count).subarray(0, Math.min(stage.particles, count)).sort();
    const before = inside?.before ?? poses.slice();
    const sorted = sortIntoCells(
      before,
      used,
      Math.sqrt(Math.PI) * cellRadius * spacing,
      context.group,
      randomRotation(stream),
    );
    let [start, seen, logLikelihood] = inside ? ([...inside.position!] as [number, number, number]) : [0, 0, 0];
    inside = undefined;
    const whole = sorted.cells.length >= manyCells,
      split = !whole && done + 1 === iterations;
    halved = whole || split;

    for (let c = start; c < sorted.cells.length; c++) {
      const { frame, members } = sorted.cells[c]!;
      const tilts = tiltLattice(viewsPerCell, spacing, createStream(context.seed, `${name}/${done}/${c}`));
      const views = tilts.map((tilt) => tilted(frame, tilt));
      const { templates } = await makeTemplates.run({ table: table!, rotations: flatten(views) });
      const tiltFeed = Float32Array.from([0, 1].flatMap((axis) => tilts.map((t) => t[axis]!)));
      const starts = Array.from({ length: Math.ceil(members.length / batch) }, (_, i) => i * batch);
      for (const half of [0, 1] as const) {
        const ofHalf = starts.filter((_, i) => (split ? c + i : c) % 2 === half);
        if (ofHalf.length === 0) continue;
        expectation.setState("numerator", new Float32Array(orders * viewsPerCell * 2 * radii));
        expectation.setState("denominator", new Float32Array(viewsPerCell * radii));
        for (const first of ofHalf) {
          const size = Math.min(batch, members.length - first);
          const chosen = Int32Array.from({ length: batch }, (_, b) => members[first + Math.min(b, size - 1)]!);
          const found = await expectation.run({
            templates: templates!,
            tilts: tiltFeed,
            ...(await store.take(chosen, stage.maxRadius, scales.values)),
            junkOdds,
            psi: Float32Array.from(chosen, (p) => sorted.psi[p]!),
            mirror: Float32Array.from(chosen, (p) => sorted.mirror[p]!),
            present: new Float32Array(batch).fill(1, 0, size),
            ...(centred ? {} : { shifts: shiftsOf(shifts, chosen) }),
          });
          const { evidence, share, turn, tilt, slope, curvature, response, energy } = found;
          for (let b = 0; b < size; b++) {
            const p = chosen[b]!,
              weight = share![b]!;
            logLikelihood += evidence![b]!;
            fit[p] = found.fit![b]!;
            if (weight < leastShare) continue;
            const unmirrored = turned(
              tilted(frame, [tilt![b]! / weight, tilt![batch + b]! / weight]),
              sorted.psi[p]! - turn![b]! / weight,
            );
            poses.set(sorted.mirror[p]! < 0 ? mirrored(unmirrored) : unmirrored, 9 * p);
            if (centred) continue;
            moveShift(shifts, p, [slope![b]! / weight, slope![batch + b]! / weight], curvature![b]!, shiftLaw);
            moveScale(scales, p, response![b]! / weight, energy![b]! / weight);
          }
        }
        const sums = await Promise.all([expectation.getState("numerator"), expectation.getState("denominator")]);
        await maximisation.add(...sums, views, half);
      }
      logLikelihood = Math.fround(logLikelihood); // as a checkpoint holds it
      seen += members.length;
      if (c + 1 < sorted.cells.length) {
        await after({ iteration: done + seen / used.length, iterations }, async () => ({
          iteration: done,
          tensors: {
            volume,
            ...known(),
            before,
            sums: maximisation.sums().first,
            sumsOfSecond: maximisation.sums().second,
            position: Float32Array.of(c + 1, seen, logLikelihood),
          },
          streams: {},
        }));
      }
    }
    if (!centred) scales = afterPass(scales);
    ({ data: volume, unmasked } = await maximisation.solve());
    const changed = await after(
      { iteration: done + 1, iterations, logLikelihood: logLikelihood / used.length },
      async () => ({
        iteration: done + 1,
        tensors: { volume, unmasked, ...known(), ...(halved ? tensorsOf(await maximisation.halfSamples()) : {}) },
        streams: {},
      }),
    );
    iterations = changed ?? iterations;
  }
  if (halved) halfSamples = await maximisation.halfSamples();
  await Promise.all([makeTable, makeTemplates, expectation, maximisation].map((e) => e.release()));
  return {
    volume: { n, data: volume, unmasked },
    halfSamples,
    shifts,
    ...(centred ? {} : { scales: scales.values }),
    poses,
    fit,
    viewWeights: context.viewWeights,
    directions: directionsOfPoses(poses, context.group),
  };
}
