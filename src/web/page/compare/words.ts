/** What was compared, in words. */
import { formatNumber } from "../../../base/format.ts";
import type { RunEvent } from "../../../reconstruct/folder/events.ts";
import { runProgress } from "../run/progress.ts";
import type { Between } from "./between.ts";

/** What a correlation is of that was made here. */
export const betweenText = (name: string, other: string): string => `between ${name} and ${other}, after alignment`;

/** What a run's map resolves, or what the run has worked to, Å; absent while nothing is known. */
export function knownResolution(events: readonly RunEvent[]): number | undefined {
  const { finished, stage } = runProgress(events);
  return finished?.resolutionAngstrom ?? finished?.finestAngstrom ?? stage?.resolutionAngstrom;
}

/** That of the coarser; absent where one is not known. */
export function coarserResolution(a: readonly RunEvent[], b: readonly RunEvent[]): number | undefined {
  const [first, second] = [knownResolution(a), knownResolution(b)];
  return first === undefined || second === undefined ? undefined : Math.max(first, second);
}

/** How well the other map fits, and how it was put there. */
export function alignedText(name: string, other: string, { report }: Between): string {
  const { mirrored, correlation, correlationOtherHand, resolutionAngstrom } = report.alignment!;
  return (
    `Correlation of densities ${betweenText(name, other)}: ${report.correlation.toFixed(2)}; ` +
    `mean FSC up to ${formatNumber(resolutionAngstrom)} Å ${correlation.toFixed(2)}, ` +
    `in the other hand ${correlationOtherHand.toFixed(2)}. ` +
    `${other} is shown turned${mirrored ? ", mirrored" : ""} and shifted onto ${name}.`
  );
}

/** What is subtracted from what, and in what unit. */
export function differenceText(
  name: string,
  other: string,
  { scale, resolutionAngstrom, difference }: Between,
): string {
  const { sigma, min, max } = difference.statistics,
    largest = sigma > 0 ? Math.max(max, -min) / sigma : 0;
  return (
    `${name} minus ${other}, which is multiplied by ${formatNumber(scale)}: ` +
    "least squares in the mask that both share. " +
    (resolutionAngstrom === undefined ? "" : `Both are low-passed to ${formatNumber(resolutionAngstrom)} Å. `) +
    `σ is the standard deviation of ${name}; nowhere do they differ by more than ` +
    `${formatNumber(largest, 2)} σ.`
  );
}
