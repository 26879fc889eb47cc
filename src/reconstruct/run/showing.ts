/** Lets a run be looked at while it computes. */
import type { StageVolume } from "../stage.ts";

const everyMs = 3000;
/** Of the time at most this goes into it. */
export const shareOfShowing = 1 / 20;

/**
 * @param write makes a density seen
 * @returns what takes the density as it stands where it is time to show one, and tells whether it did
 */
export function openShowing(
  write: (density: StageVolume) => Promise<void>,
): (density: () => Promise<StageVolume>) => Promise<boolean> {
  let next = -Infinity;
  return async (density) => {
    const begun = performance.now();
    if (begun < next) return false;
    await write(await density());
    const ended = performance.now();
    next = ended + Math.max(everyMs, (ended - begun) / shareOfShowing);
    return true;
  };
}
