/**
 * Refinement of a molecule that moves: its mean, the components of its motion, and z of each particle, together with
 * the poses near those found. A pass is expectation-maximisation: each image counts by the posterior over its poses and
 * over z together.
 */

import { pairsOf } from "../../critic/motion.ts";
import type { PolarGrid } from "../../physics/frequencies.ts";
import { randomRotation } from "../../physics/rotations.ts";
import { shiftsOf } from "../../physics/shift.ts";
import { openTableMaker } from "../../physics/tablePlanes.ts";
import { flatten, viewSpacing } from "../../physics/viewGrid.ts";
import { createStream } from "../../runtime/random.ts";
import { compile } from "../../runtime/session.ts";
import { changeBoxes, classesIn } from "../classes.ts";
import type { Latent, MotionFound, MotionModel } from "../motion.ts";
import type { AfterIteration, MotionStage, StageProgress, StageVolume } from "../stage.ts";
import type { RefinementContext } from "./context.ts";
import { junkOdds } from "./junk.ts";
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
import { openMotionMaximisation, powerOnShells } from "./motionMaximisation.ts";
import { componentsOf, noLatent, standardised } from "./motionModel.ts";
import { refinementCritic } from "./particleStore.ts";
import { leastShare, templateProgram } from "./refinement.ts";
import { afterPass, moveScale, restoredScales, scalesFrom, scaleTensors } from "./scales.ts";
import { exchanged, meetingsOf, sharedCells, summed } from "./sharing.ts";
import { moveShift } from "./shifts.ts";

const batch = 64;
/** After so many the first pass whose likelihood is no higher is the last. The first one is by components as found. */
const fewestPasses = 2;

/**
 * Runs a stage, from the start or from a checkpoint inside it.
 * @param previous as the stage before left it; z is found anew
 */
export async function motionStage(
  stage: MotionStage,
  context: RefinementContext,
  previous: Omit<MotionFound, "latent">,
  from: StageProgress | undefined,
  after: AfterIteration,
): Promise<MotionFound> {
  const { count, spectra, device, processes, shiftLaw, store, groups } = context,
    [group] = groups as [RefinementContext["groups"][number]],
    components = componentsOf(previous.model),
    parts = 1 + components,
    pairs = pairsOf(components).length,
    ownPairs = pairs - parts;
  const n = 2 * stage.maxRadius,
    centred = shiftLaw.kind === "none";
  const name = `${context.label}/motion-${stage.maxRadius}`;
  const critic = refinementCritic(stage.maxRadius, spectra),
    grid = critic.grid as PolarGrid,
    radii = grid.radii.length,
    orders = grid.angles,
    whitening = critic.whitening(spectra.noise),
    spacing = viewSpacing(stage.maxRadius);

  const shifts = from?.tensors.shifts ?? previous.placement.shifts.slice(),
    poses = from?.tensors.poses ?? previous.placement.poses.slice();
  let scales = restoredScales(from?.tensors ?? {}) ?? scalesFrom(count, previous.scales);
  const { means, moments } = noLatent(components, count);
  let latent: Latent = from ? { means: from.tensors.means!, moments: from.tensors.moments! } : { means, moments };
  let model: MotionModel = from
    ? { n, volumes: from.tensors.volumes!, power: from.tensors.power! }
    : onGrid(previous.model, n, context);
  let inside = from?.tensors.position ? from.tensors : undefined;
  /** The highest log-likelihood of a pass after the first. */
  let highest = from?.tensors.highest?.[0] ?? -Infinity;
  const known = (): Record<string, Float32Array> => ({
    volumes: model.volumes,
    power: model.power,
    highest: Float32Array.of(highest),
    ...latent,
    shifts,
    poses,
    ...(centred ? {} : scaleTensors(scales)),
  });

  const of = Array.from({ length: parts * viewsPerCell }, (_, i) => Math.floor(i / viewsPerCell));
  const makeTable = await openTableMaker(n, parts, device),
    makeTemplates = await compile(templateProgram(n, grid, parts * viewsPerCell, whitening, of), device);
  const expectation = await compile(
    localExpectationProgram({
      grid,
      views: viewsPerCell,
      turns: turnsNearby(stage.maxRadius),
      poses: posesAt(stage.maxRadius, group.length),
      batch,
      centred,
      components,
    }),
    device,
  );
  const maximisation = await openMotionMaximisation(n, components, grid, viewsPerCell, whitening, context);
  if (inside) maximisation.restore({ first: inside.sums!, second: inside.sumsOfSecond! });

  let { iterations } = stage;
  for (let passes = Math.floor(from?.iteration ?? 0); passes < iterations; passes++) {
    const { table } = await makeTable.run({ volume: model.volumes });
    const before = inside?.before ?? poses.slice();
    const turn = randomRotation(createStream(context.seed, `${name}/${passes}`)),
      all = Int32Array.from({ length: count }, (_, p) => p),
      { cells, psi, mirror } = sortIntoCells(before, all, spacingOfCells * spacing, group, turn);
    let [start, seen, logLikelihood] = inside ? ([...inside.position!] as [number, number, number]) : [0, 0, 0];
    inside = undefined;
    const own = sharedCells(
        cells.map(({ members }) => members),
        cells.length >= manyCells,
        batch,
        count,
        processes,
      ),
      exchange = exchanged(processes, [shifts, poses, scales.values, latent.means, latent.moments]);
    const inPass = async (done: number): Promise<StageProgress> => ({
      iteration: passes,
      tensors: {
        ...known(),
        before,
        sums: maximisation.sums().first,
        sumsOfSecond: maximisation.sums().second,
        position: Float32Array.of(done, seen, logLikelihood),
      },
      streams: {},
    });
    const part = (): number => seen / count,
      meet = meetingsOf(processes, { passes, iterations, tasks: own.length, part, snapshot: inPass }, after);
    if (start === 0) await meet(0);
    for (let next = start; next < own.length; next++) {
      const { at, ofHalves } = own[next]!,
        { frame } = cells[at]!,
        tilts = tiltLattice(viewsPerCell, spacing, createStream(context.seed, `${name}/${passes}/${at}`)),
        views = tilts.map((tilt) => tilted(frame, tilt)),
        rotations = flatten(Array.from({ length: parts }, () => views).flat());
      const { templates } = await makeTemplates.run({ table: table!, rotations });
      const tiltsFed = tiltFeed(tilts);
      for (const half of [0, 1] as const) {
        const members = ofHalves[half];
        if (members.length === 0) continue;
        expectation.setState("numerator", new Float32Array(orders * parts * viewsPerCell * 2 * radii));
        expectation.setState("denominator", new Float32Array(pairs * viewsPerCell * radii));
        for (let first = 0; first < members.length; first += batch) {
          const size = Math.min(batch, members.length - first),
            chosen = Int32Array.from({ length: batch }, (_, b) => members[first + Math.min(b, size - 1)]!),
            images = await store.take(chosen, stage.maxRadius, scales.values);
          const { evidence, share, turn, tilt, slope, curvature, response, energy, ...told } = await expectation.run({
            templates: templates!,
            tilts: tiltsFed,
            ...images,
            junkOdds: junkOdds(undefined, images),
            psi: Float32Array.from(chosen, (p) => psi[p]!),
            mirror: Float32Array.from(chosen, (p) => mirror[p]!),
            present: new Float32Array(batch).fill(1, 0, size),
            ...(centred ? {} : { shifts: shiftsOf(shifts, chosen) }),
          });
          for (let b = 0; b < size; b++) {
            const p = chosen[b]!,
              weight = share![b]!;
            logLikelihood += evidence![b]!;
            if (weight < leastShare) continue;
            for (let j = 0; j < components; j++) latent.means[j * count + p] = told.motion![j * batch + b]! / weight;
            for (let i = 0; i < ownPairs; i++) latent.moments[i * count + p] = told.moments![i * batch + b]! / weight;
            const meanTilt = [tilt![b]! / weight, tilt![batch + b]! / weight] as const;
            poses.set(foundNear(frame, meanTilt, psi[p]! - turn![b]! / weight, mirror[p]!), 9 * p);
            if (centred) continue;
            moveShift(shifts, p, [slope![b]! / weight, slope![batch + b]! / weight], curvature![b]!, shiftLaw);
            moveScale(scales, p, response![b]! / weight, energy![b]! / weight);
          }
        }
        await maximisation.add(
          await expectation.getState("numerator"),
          await expectation.getState("denominator"),
          views,
          half,
        );
      }
      logLikelihood = Math.fround(logLikelihood); // as a checkpoint holds it
      seen += ofHalves[0].length + ofHalves[1].length;
      await meet(next + 1);
    }
    await exchange();
    const totals = await summed(processes, logLikelihood, scales.moved, scales.squares);
    [logLikelihood = 0, scales.moved = 0, scales.squares = 0] = totals;
    if (!centred) scales = afterPass(scales);
    const solved = await maximisation.solve(model.power);
    ({ model, latent } = standardised({ n, ...solved }, latent));
    if (passes >= fewestPasses && logLikelihood <= highest) iterations = passes + 1;
    highest = passes === 0 ? -Infinity : Math.max(highest, logLikelihood);
    await after({ iteration: passes + 1, iterations, logLikelihood: logLikelihood / count }, async () => ({
      iteration: passes + 1 === iterations ? stage.iterations : passes + 1,
      tensors: known(),
      streams: {},
    }));
  }
  await Promise.all([makeTable, makeTemplates, expectation, maximisation].map((e) => e.release()));
  return { model, latent, placement: { poses, shifts }, scales: centred ? previous.scales : scales.values };
}

function onGrid(before: MotionModel, n: number, { spectra }: RefinementContext): MotionModel {
  const parts = 1 + componentsOf(before),
    shells = before.power.length / parts,
    { data } = changeBoxes({ n: before.n, data: before.volumes }, n);
  const power = Array.from({ length: parts }, (_, j) => [
    ...powerOnShells(before.power.subarray(j * shells, (j + 1) * shells), spectra.signal, n / 2),
  ]).flat();
  return { n, volumes: data, power: Float32Array.from(power) };
}

/**
 * The motion that refinement begins with: the mean is the map so far, the components are those of the adversarial
 * stage, which are expected to have a tenth of the power that the images show.
 *
 * @param start the mean and the components, [1 + components, n, n, n]
 */
export function motionToRefine(
  map: StageVolume,
  start: StageVolume,
  maxRadius: number,
  context: RefinementContext,
): MotionModel {
  const n = 2 * maxRadius,
    mean = changeBoxes({ n: map.n, data: map.data }, n).data,
    { data: volumes } = changeBoxes({ n: start.n, data: start.data }, n),
    { signal } = context.spectra;
  volumes.set(mean);
  const power = Array.from({ length: classesIn(start) }, (_, j) =>
    Array.from({ length: maxRadius + 1 }, (__, k) => (j === 0 ? 1 : firstShare) * signal[k]!),
  );
  return { n, volumes, power: Float32Array.from(power.flat()) };
}
/** Of the power that the images show. */
const firstShare = 0.1;
