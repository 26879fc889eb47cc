/** A stage of posterior-weighted refinement: expectation over poses and shifts, then the volume that the weighted images make. */
import { likelihoodRatioCritic } from "../critic/likelihoodRatio.ts";
import type { PolarGrid } from "../physics/frequencies.ts";
import { multiply, randomRotation, transpose, type Matrix3 } from "../physics/rotations.ts";
import { compile } from "../runtime/session.ts";
import { createStream } from "../runtime/random.ts";
import { gatherRows } from "./batches.ts";
import type { StageProgress, StageVolume } from "./checkpoint.ts";
import { criticImages } from "./criticImages.ts";
import { backprojectionProgram, expectationProgram, tablePrior, templateProgram, viewCapacity, viewGrid, wienerProgram } from "./refinement.ts";
import type { RefinementStage } from "./schedule.ts";
import type { AfterIteration, StageContext, StageResult } from "./stageContext.ts";
import { changeBox, stageMask } from "./volume.ts";

const batch = 64;
/** Angle between neighbouring views at radius R is 96°/R: half the width that a feature of that size moves by. */
const viewSpacing = (maxRadius: number): number => (96 / maxRadius) * (Math.PI / 180);
/** Shifts are searched for up to this radius; finer stages keep what was found. */
const finestShiftSearch = 16;
/** Step between trial shifts at radius R, times R, in units of the box: a quarter of the phase that a shift turns there. */
const shiftStep = 0.12;
/** Trial shifts about the one found so far, in steps. */
const trials = [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]] as const;

/** How many trial shifts a pass at a radius goes through. */
export const trialShiftCount = (maxRadius: number): number => (maxRadius <= finestShiftSearch ? trials.length : 1);

const flatten = (rotations: readonly Matrix3[]): Float32Array => Float32Array.from(rotations.flatMap((r) => [...r]));

/**
 * Runs the stage, from the start or from a checkpoint inside it.
 *
 * @param previous volume of the stage before
 * @param shiftsSoFar [2, count], units of the box
 */
export async function refinementStage(stage: RefinementStage, context: StageContext, previous: StageVolume, shiftsSoFar: Float32Array | undefined, from: StageProgress | undefined, after: AfterIteration): Promise<StageResult> {
  const { count, spectra, device, shiftLaw } = context;
  const n = 2 * stage.maxRadius;
  const name = `${context.label}/refinement-${stage.maxRadius}`;
  const critic = likelihoodRatioCritic({ maxRadius: stage.maxRadius, noisePower: spectra.noise, signalPower: spectra.signal }, { angles: n, turns: n, templates: 1 });
  const grid = critic.grid as PolarGrid;
  const whitening = critic.whitening(spectra.noise);
  const spacing = viewSpacing(stage.maxRadius);
  const capacity = viewCapacity(spacing, context.group);
  const centred = shiftLaw.kind === "none";
  const copies = centred ? 1 : trialShiftCount(stage.maxRadius);
  const sigma = shiftLaw.kind === "gaussian" ? shiftLaw.sigma : shiftLaw.kind === "triangular" ? shiftLaw.extent / Math.sqrt(6) : 0;

  const images = await criticImages(critic, context.images, context.boxSize, context.optics, Int32Array.from({ length: count }, (_, i) => i), context.boxAngstrom, spectra.noise, device);
  const harmonics = images.arrays["harmonics"]!, ctfSquared = images.arrays["ctfSquared"]!;
  const makeTemplates = await compile(templateProgram(n, grid, capacity, whitening), device);
  const expectation = await compile(expectationProgram({ grid, views: capacity, turns: 2 * n, batch, trials: centred ? 0 : copies }), device);
  const backprojection = await compile(backprojectionProgram(n, grid, capacity, whitening), device);
  const wiener = await compile(wienerProgram(n, tablePrior(n, spectra.signal, stage.maxRadius), stageMask(n, context.maskRadius)), device);

  const stream = createStream(context.seed, name);
  let volume = from ? from.tensors["volume"]! : changeBox(previous, n).data;
  const shifts = from?.tensors["shifts"] ?? shiftsSoFar?.slice() ?? new Float32Array(2 * count);
  if (from) stream.restore(from.streams["order"]!);
  let inside = from && from.tensors["position"] ? from.tensors : undefined;

  for (let done = Math.floor(from?.iteration ?? 0); done < stage.iterations; done++) {
    const orderState = stream.state();
    // A new orientation of the grid of views each time, so that no view is favoured.
    const views = viewGrid(spacing, context.group, randomRotation(stream)).slice(0, capacity);
    const viewPrior = new Float32Array(capacity).fill(-1e4).fill(-Math.log(views.length), 0, views.length);
    const poses = Array.from({ length: capacity }, (_, i) => views[Math.min(i, views.length - 1)]!);
    const { templates } = await makeTemplates.run({ volume, rotations: flatten(poses) });
    const used = stream.permutation(count).subarray(0, Math.min(stage.particles, count));
    expectation.setState("numerator", inside?.["numerator"] ?? new Float32Array(templates!.length));
    expectation.setState("denominator", inside?.["denominator"] ?? new Float32Array(capacity * grid.radii.length));
    let [start, logLikelihood] = inside ? [...inside["position"]!] as [number, number] : [0, 0];
    inside = undefined;
    for (let first = start; first < used.length; first += batch) {
      const size = Math.min(batch, used.length - first);
      const chosen = Int32Array.from({ length: batch }, (_, b) => used[first + Math.min(b, size - 1)]!);
      // The first search of all spans the expected shifts.
      const step = shiftsSoFar || done > 0 ? Math.min(sigma, shiftStep / stage.maxRadius) : sigma;
      const search = trialShifts(chosen, size, shifts, step, sigma, copies);
      const results = await expectation.run({
        templates: templates!, viewPrior,
        harmonics: gatherRows(harmonics.data, harmonics.width, chosen), ctfSquared: gatherRows(ctfSquared.data, ctfSquared.width, chosen),
        logPrior: search.logPrior, ...(centred ? {} : { shifts: search.shifts }),
      });
      for (let b = 0; b < size; b++) logLikelihood += results["logLikelihood"]![b]!;
      if (copies > 1) adoptShifts(chosen, size, search.shifts, results["posterior"]!, shifts, copies);
      const next = first + size;
      if (next < used.length) {
        await after({ iteration: done + next / used.length, iterations: stage.iterations }, async () => ({
          iteration: done,
          tensors: {
            volume, shifts, position: Float32Array.of(next, logLikelihood),
            numerator: (await expectation.getState("numerator")).slice(), denominator: (await expectation.getState("denominator")).slice(),
          },
          streams: { order: orderState },
        }));
      }
    }

    backprojection.setState("accumulated", new Float32Array(3 * (2 * n + 2) ** 3));
    const sums = { numerator: (await expectation.getState("numerator")).slice(), denominator: (await expectation.getState("denominator")).slice() };
    const share = count / used.length; // a sample of the particles stands for all of them
    for (const values of Object.values(sums)) values.forEach((v, i) => (values[i] = v * share));
    for (const g of context.group) {
      await backprojection.run({ rotations: flatten(poses.map((pose) => multiply(pose, transpose(g)))), ...sums });
    }
    volume = (await wiener.run({ accumulated: await backprojection.getState("accumulated") }))["volume"]!.slice();
    if (context.positivity) volume.forEach((v, i) => (volume[i] = Math.max(0, v)));
    await after({ iteration: done + 1, iterations: stage.iterations, logLikelihood: logLikelihood / used.length }, async () => ({
      iteration: done + 1, tensors: { volume, shifts }, streams: { order: stream.state() },
    }));
  }
  await Promise.all([makeTemplates, expectation, backprojection, wiener].map((e) => e.release()));
  return { volume: { n, data: volume }, shifts: centred ? undefined : shifts };
}

/** Shifts to try for a batch, [2, copies·batch], and the log prior of each, [copies·batch]; places beyond `size` are left out. */
function trialShifts(chosen: Int32Array, size: number, shifts: Float32Array, step: number, sigma: number, copies: number): { shifts: Float32Array; logPrior: Float32Array } {
  const count = shifts.length / 2, width = copies * chosen.length;
  const out = { shifts: new Float32Array(2 * width), logPrior: new Float32Array(width) };
  for (let c = 0; c < copies; c++) {
    chosen.forEach((p, b) => {
      const i = c * chosen.length + b;
      const x = shifts[p]! + step * trials[c]![0], y = shifts[count + p]! + step * trials[c]![1];
      out.shifts[i] = x;
      out.shifts[width + i] = y;
      out.logPrior[i] = b >= size ? -1e4 : sigma > 0 ? -(x * x + y * y) / (2 * sigma * sigma) : 0;
    });
  }
  return out;
}

/** Moves each particle's shift to the mean of its trials, weighted by their posterior [copies, batch]. */
function adoptShifts(chosen: Int32Array, size: number, tried: Float32Array, posterior: Float32Array, shifts: Float32Array, copies: number): void {
  const count = shifts.length / 2, batchSize = chosen.length, width = copies * batchSize;
  for (let b = 0; b < size; b++) {
    const p = chosen[b]!;
    let x = 0, y = 0;
    for (let c = 0; c < copies; c++) {
      x += posterior[c * batchSize + b]! * tried[c * batchSize + b]!;
      y += posterior[c * batchSize + b]! * tried[width + c * batchSize + b]!;
    }
    shifts[p] = x;
    shifts[count + p] = y;
  }
}
