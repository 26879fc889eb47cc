/**
 * Which stages a run goes through: an adversarial start at low resolution, where the shape is found, then posterior-weighted refinement at
 * rising resolution. Everything is chosen from the data: box, noise, number of particles, symmetry.
 */
import type { Spectra } from "./spectra.ts";

export interface AdversarialStage {
  kind: "adversarial";
  /** Highest frequency, in Fourier pixels; the volume's box is twice that. */
  maxRadius: number;
  iterations: number;
}
export interface RefinementStage {
  kind: "refinement";
  maxRadius: number;
  iterations: number;
  /** Particles drawn for each iteration; all of them where there are fewer. */
  particles: number;
}
export type Stage = AdversarialStage | RefinementStage;

/** Where the adversarial start ends: Fourier pixel 8, an eighth of the box, shows the shape and is quick. */
export const startRadius = 8;

/**
 * Signal-to-noise power ratio of the volume at each shell that all particles together could reach with known poses:
 * the data fill shell k with count·|G|·⟨CTF²⟩ slices of about 2πk samples over its 4πk² voxels.
 */
export function attainableSnr(spectra: Spectra, count: number, groupOrder: number): number[] {
  return Array.from(spectra.noise, (noise, k) => (k === 0 ? 0 : (count * groupOrder * 0.5 * spectra.signal[k]!) / (noise * 2 * k)));
}

/**
 * Highest shell worth working at: the last that particles could show with a signal as strong as the noise, within the images' Nyquist
 * frequency and the limits asked for.
 */
export function finalRadius(spectra: Spectra, count: number, groupOrder: number, limit: number): number {
  const snr = attainableSnr(spectra, count, groupOrder);
  let last = snr.length - 1;
  while (last > startRadius && snr[last]! < 1) last--;
  return Math.max(4, Math.min(last + 1, spectra.noise.length - 1, limit));
}

/** What a schedule may cost. */
export interface Budget {
  seconds: number;
  /** The adversarial stages of the critic in use, the last at `startRadius`. */
  start: readonly AdversarialStage[];
  count: number;
  groupOrder: number;
  /** Trial shifts of each particle in a pass at a radius. */
  trialShifts(maxRadius: number): number;
}

/**
 * Seconds of a pass over particles at a resolution on two CPU cores: views grow with the square of the radius; the time per view and image is
 * measured (0.96 µs at radius 16), its growth fitted between radius 8 and 32.
 */
function passSeconds(maxRadius: number, particles: number, budget: Budget): number {
  const views = (2.24 * maxRadius ** 2) / budget.groupOrder;
  return particles * budget.trialShifts(maxRadius) * views * 0.96e-6 * (maxRadius / 16) ** 1.5;
}

/** Seconds of an adversarial iteration on two CPU cores. */
const iterationSeconds = 0.02;

/** Seconds that a stage takes on two CPU cores, its preparation (the transform of all images to the polar grid) included. */
export function stageSeconds(stage: Stage, budget: Budget): number {
  const polarSamples = 4 * stage.maxRadius ** 2, pixels = 4 * stage.maxRadius ** 2;
  const preparation = (budget.count * polarSamples * pixels * 2) / 6e10; // matrix products at the rate measured here, half of it lost to copying
  if (stage.kind === "adversarial") return preparation + stage.iterations * iterationSeconds;
  return preparation + stage.iterations * passSeconds(stage.maxRadius, Math.min(stage.particles, budget.count), budget);
}

/** Finest radius at which the whole automatic schedule fits into the time. */
export function affordableRadius(budget: Budget): number {
  let affordable = startRadius;
  // Not monotonic: the search for shifts ends at some radius.
  for (let radius = startRadius; radius <= 128; radius++) {
    const seconds = automaticSchedule(radius, budget).reduce((sum, stage) => sum + stageSeconds(stage, budget), 0);
    if (seconds < budget.seconds) affordable = radius;
  }
  return affordable;
}

/**
 * A stage cut down to the time that is left: first to one pass, then to fewer particles.
 *
 * @param pace seconds that a second of the estimate really takes
 * @returns undefined where not even a small sample of the particles fits
 */
export function fitToTime(stage: RefinementStage, secondsLeft: number, pace: number, budget: Budget): RefinementStage | undefined {
  const seconds = (s: RefinementStage): number => pace * stageSeconds(s, budget);
  if (seconds(stage) <= secondsLeft) return stage;
  const once = { ...stage, iterations: 1, particles: Math.min(stage.particles, budget.count) };
  if (seconds(once) <= secondsLeft) return once;
  const fixed = seconds({ ...once, particles: 0 });
  const particles = Math.floor((once.particles * (secondsLeft - fixed)) / (seconds(once) - fixed));
  return particles >= Math.min(budget.count, smallestSample) ? { ...once, particles } : undefined;
}

/** Fewer particles make no map worth having. */
const smallestSample = 3000;
const finalIterations = 2;

/**
 * The automatic schedule: the shape in an adversarial stage, then refinement in steps of a third, on a sample of the particles until
 * the last stage.
 *
 * @param finest from `finalRadius`
 */
export function automaticSchedule(finest: number, budget: Budget): Stage[] {
  const start = Math.min(startRadius, finest);
  // While shifts are searched for, every particle is seen: a later stage takes over what was found.
  const sample = (radius: number): number => (budget.trialShifts(radius) > 1 ? budget.count : sampleSize);
  // Shifts settle more slowly than the volume: on centred particles the likelihood stands still after two passes, with a search it rises for four.
  const passes = (radius: number): number => (budget.trialShifts(radius) > 1 ? 4 : 2);
  const stages: Stage[] = [
    ...budget.start.map((stage) => ({ ...stage, maxRadius: Math.min(stage.maxRadius, start) })),
    { kind: "refinement", maxRadius: start, iterations: passes(start), particles: sample(start) },
  ];
  for (let radius = Math.round(start * stepUp); radius < finest - 1; radius = Math.round(radius * stepUp)) {
    stages.push({ kind: "refinement", maxRadius: radius, iterations: passes(radius), particles: sample(radius) });
  }
  if (finest > start) stages.push({ kind: "refinement", maxRadius: finest, iterations: finalIterations, particles: budget.count });
  return stages;
}

/** From one refinement stage to the next, the resolution rises by this factor: what a stage shows well places the images for the next. */
const stepUp = 4 / 3;
/** Particles of an iteration before the last stage. */
const sampleSize = 10_000;
