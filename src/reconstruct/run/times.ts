/** Time of a whole run, from that of the set of particles at work. */

export interface RunTimes {
  elapsedSeconds: number;
  remainingSeconds: number;
}

/**
 * The sets are worked on one after the other; one to come is taken to need, in all, as long as the one at work.
 *
 * @param taken     seconds that each set has taken so far
 * @param index     of the set at work
 * @param remaining seconds that it still takes
 * @param joining   seconds to join the maps of all sets
 */
export function runTimes(taken: readonly number[], index: number, remaining: number, joining: number): RunTimes {
  const whole = taken[index]! + remaining;
  return {
    elapsedSeconds: taken.reduce((sum, seconds) => sum + seconds, 0),
    remainingSeconds:
      remaining + taken.slice(index + 1).reduce((sum, seconds) => sum + Math.max(0, whole - seconds), 0) + joining,
  };
}
