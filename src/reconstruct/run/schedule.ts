/**
 * Which stages a run goes through: an adversarial start at low resolution, where the shape is found, then
 * posterior-weighted refinement at
 * rising resolution. Everything is chosen from the data: box, noise, number of particles, symmetry.
 */
import { startRadius } from "../adversarial/recipes.ts";
import type { Spectra } from "../measure/spectra.ts";
import type { AdversarialStage, LocalStage, RefinementStage, Stage } from "../stage.ts";

/**
 * Signal-to-noise power ratio of the volume at each shell that all particles together could reach with known poses:
 * the data fill shell k with count·|G|·⟨CTF²⟩ slices of about 2πk samples over its 4πk² voxels.
 */
export function attainableSnr(spectra: Spectra, count: number, groupOrder: number): number[] {
  return Array.from(spectra.noise, (noise, k) =>
    k === 0 ? 0 : (count * groupOrder * 0.5 * spectra.signal[k]!) / (noise * 2 * k),
  );
}

/**
 * Highest shell worth working at: the last that particles could show with a signal of at least a third of the noise
 * (FSC 0.5 against the truth),
 * within the images' Nyquist frequency and the limits asked for.
 */
export function finalRadius(spectra: Spectra, count: number, groupOrder: number, limit: number): number {
  const snr = attainableSnr(spectra, count, groupOrder);
  let last = snr.length - 1;
  while (last > startRadius && snr[last]! < 1 / 3) last--;
  return Math.max(4, Math.min(last + 1, spectra.noise.length - 1, limit));
}

/** What a schedule may cost. */
export interface Budget {
  seconds: number;
  /** The adversarial stages of the critic in use, the last at `startRadius`. */
  start: readonly AdversarialStage[];
  count: number;
  groupOrder: number;
  /** To read, normalise and crop one image. */
  readSeconds: number;
  /** Whether shifts are searched for. */
  shifts: boolean;
}

/**
 * Seconds of a pass over particles at a resolution on two CPU cores, all poses tried: views grow with the square of the
 * radius; the time per view and
 * image is measured (0.96 µs at radius 16), its growth fitted between radius 8 and 32.
 */
function passSeconds(maxRadius: number, particles: number, budget: Budget): number {
  const views = (2.24 * maxRadius ** 2) / budget.groupOrder;
  return particles * (budget.shifts ? 1.6 : 1) * views * 0.96e-6 * (maxRadius / 16) ** 1.5;
}

/**
 * The same where only poses nearby are tried: for each image, and for each view that goes back into the volume;
 * measured at radii 16 to 45.
 */
function localPassSeconds(maxRadius: number, particles: number): number {
  const views = 3.2 * 2.24 * maxRadius ** 2; // cells overlap; each view goes back once for each element of the group
  return particles * 40e-6 * (maxRadius / 16) ** 1.6 + views * 50e-6 * (maxRadius / 16) ** 2;
}

/** Seconds of a search for poses before a local stage: the likelihood of all poses without its gradient. */
function searchSeconds(budget: Budget): number {
  return 0.7 * passSeconds(finestGlobalSearch, budget.count, { ...budget, shifts: false });
}

/** Seconds of an adversarial iteration on two CPU cores. */
const iterationSeconds = 0.02;

/** Seconds that a stage takes on two CPU cores. */
export function stageSeconds(stage: Stage, budget: Budget): number {
  if (stage.kind === "adversarial") return stage.iterations * iterationSeconds;
  const particles = Math.min(stage.particles, budget.count);
  if (stage.kind === "refinement") return stage.iterations * passSeconds(stage.maxRadius, particles, budget);
  return (
    stage.iterations * localPassSeconds(stage.maxRadius, particles) +
    (stage.maxRadius <= finestSearch ? searchSeconds(budget) : 0)
  );
}

/**
 * Seconds to read all particles and transform them to the polar grid: matrix products, copying included, at the rate
 * measured at radii 32 and 53.
 */
export function loadingSeconds(maxRadius: number, budget: Budget): number {
  const pixels = 4 * maxRadius ** 2;
  return budget.count * (budget.readSeconds + (pixels * pixels) / 1.5e11);
}

/** Finest radius at which the whole automatic schedule fits into the time. */
export function affordableRadius(budget: Budget): number {
  let affordable = startRadius;
  // Not monotonic: a radius more may do with a stage less.
  for (let radius = startRadius; radius <= 128; radius++) {
    const seconds = automaticSchedule(radius, budget).reduce(
      (sum, stage) => sum + stageSeconds(stage, budget),
      loadingSeconds(radius, budget),
    );
    if (seconds < budget.seconds) affordable = radius;
  }
  return affordable;
}

/**
 * A stage cut down to the time that is left: first to fewer passes, then to fewer particles.
 *
 * @param pace seconds that a second of the estimate really takes
 * @returns undefined where not even a small sample of the particles fits
 */
export function fitToTime<S extends RefinementStage | LocalStage>(
  stage: S,
  secondsLeft: number,
  pace: number,
  budget: Budget,
): S | undefined {
  const seconds = (s: S): number => pace * stageSeconds(s, budget);
  for (let { iterations } = stage; iterations > 0; iterations--) {
    const fewer = { ...stage, iterations, particles: Math.min(stage.particles, budget.count) };
    if (seconds(fewer) <= secondsLeft) return fewer;
  }
  const once = { ...stage, iterations: 1, particles: Math.min(stage.particles, budget.count) };
  const fixed = seconds({ ...once, particles: 0 });
  const particles = Math.floor((once.particles * (secondsLeft - fixed)) / (seconds(once) - fixed));
  return particles >= Math.min(budget.count, smallestSample) ? { ...once, particles } : undefined;
}

/** Fewer particles make no map worth having. */
const smallestSample = 3000;

/**
 * The automatic schedule: the shape in an adversarial stage, then refinement at rising resolution. Poses are first
 * searched for among all, on a
 * sample of the particles; once they are known, near the most likely ones.
 *
 * @param finest from `finalRadius`
 */
export function automaticSchedule(finest: number, budget: Budget): Stage[] {
  const start = Math.min(startRadius, finest);
  // While shifts are searched for, every particle is seen: a later stage takes over what was found.
  const particles = (radius: number): number =>
    budget.shifts ? budget.count : radius === start ? sampleSize : 2 * sampleSize;
  // The stage ends before, once the likelihood stands still.
  const passes = (radius: number): number =>
    Math.round(Math.min(mostPasses, Math.max(budget.shifts ? 4 : 2, budget.seconds / (radius === start ? 6 : 12))));
  const share = Math.min(1, Math.max(shortest, budget.seconds / unhurriedSeconds));
  const starting = budget.start.map((stage) => ({
    ...stage,
    maxRadius: Math.min(stage.maxRadius, start),
    iterations: Math.round(share * stage.iterations),
  }));
  const starts = Math.max(1, Math.min(mostStarts, Math.floor(budget.seconds / secondsPerStart)));
  const stages: Stage[] =
    starts === 1
      ? [...starting]
      : Array.from({ length: starts }, (_, i): Stage[] => [
          ...starting.map((stage, j) => (j === 0 ? { ...stage, start: i } : stage)),
          { kind: "refinement", maxRadius: start, iterations: 4, particles: particles(start), endsStart: true },
        ]).flat();
  for (const radius of radii(start, finest)) {
    if (radius <= finestGlobalSearch)
      stages.push({ kind: "refinement", maxRadius: radius, iterations: passes(radius), particles: particles(radius) });
    else
      stages.push({
        kind: "local",
        maxRadius: radius,
        iterations: radius === finest ? finalIterations : 2,
        particles: budget.count,
      });
  }
  return stages;
}

/** From the start to the finest, in steps small enough that what a stage shows well places the images for the next. */
function radii(start: number, finest: number): number[] {
  const list = [start];
  for (let radius = start; ; ) {
    radius = radius < finestGlobalSearch ? finestGlobalSearch : Math.round(radius * stepUp);
    if (radius >= finest - 1) break;
    list.push(radius);
  }
  return finest > start ? [...list, finest] : list;
}

const stepUp = 5 / 4;
/** A run of less time shortens the adversarial stage, too, down to this share. */
const unhurriedSeconds = 50,
  shortest = 0.7;
/** Beyond this radius poses are looked for near those found. */
export const finestGlobalSearch = 11;
/** Up to this radius, those that fit badly are searched for again among all poses. */
export const finestSearch = 22;
const finalIterations = 3;
const mostPasses = 20;
/**
 * An adversarial start may end in a wrong shape, from which refinement does not find back: a run that has the time
 * makes several.
 */
const mostStarts = 3,
  secondsPerStart = 40;
/** Particles of a pass over all poses, at the start; twice as many later. */
const sampleSize = 10_000;
