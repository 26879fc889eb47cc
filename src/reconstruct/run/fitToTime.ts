import type { LocalStage, RefinementStage } from "../stage.ts";

/** Fewer particles make no map worth having. */
const smallestSample = 3000;

/**
 * A stage of refinement cut down to the time that is left: first to fewer passes, then to fewer particles.
 *
 * @param seconds that a stage takes
 * @param count   particles of the set
 * @returns undefined where not even a small sample of the particles fits
 */
export function fitToTime<S extends RefinementStage | LocalStage>(
  stage: S,
  secondsLeft: number,
  seconds: (stage: S) => number,
  count: number,
): S | undefined {
  for (let { iterations } = stage; iterations > 0; iterations--) {
    const fewer = { ...stage, iterations, particles: Math.min(stage.particles, count) };
    if (seconds(fewer) <= secondsLeft) return fewer;
  }
  const once = { ...stage, iterations: 1, particles: Math.min(stage.particles, count) };
  const fixed = seconds({ ...once, particles: 0 });
  const particles = Math.floor((once.particles * (secondsLeft - fixed)) / (seconds(once) - fixed));
  return particles >= Math.min(count, smallestSample) ? { ...once, particles } : undefined;
}
