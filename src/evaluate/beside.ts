/** What of a comparison of large maps can be done beside the rest of it, in a thread of its own where there is one. */
import { placeSpectrum } from "./align.ts";
import { angularCorrelation } from "./angular.ts";
import { correlationBeforeMask, maskedCorrelation } from "./fsc.ts";
import { spectrumToTurn } from "./rotate.ts";

/** Functions of plain data. */
export const pieces = { spectrumToTurn, placeSpectrum, correlationBeforeMask, maskedCorrelation, angularCorrelation };

/** Does one of them, and promises what it returns. */
export type Beside = <Name extends keyof typeof pieces>(
  name: Name,
  ...args: Parameters<(typeof pieces)[Name]>
) => Promise<ReturnType<(typeof pieces)[Name]>>;

/** Here and at once. */
export const here: Beside = async (name, ...args) =>
  (pieces[name] as (...args: unknown[]) => ReturnType<(typeof pieces)[typeof name]>)(...args);
