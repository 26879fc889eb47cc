/** The search beside the page, which stays quick meanwhile. */
import "../noEval.ts";
import type { Volume } from "../../../base/types.ts";
import type { AlignStep } from "../../../evaluate/align.ts";
import { type Between, compareMaps } from "../compare/between.ts";
import { type Fitted, fitOnto } from "./fitted.ts";

/** What to do, by its name: its question and its answer. */
export interface FitWork {
  fit: { asked: { reference: Volume; file: File }; found: Fitted };
  compare: {
    asked: { reference: Volume; other: Volume; resolutionAngstrom: number | undefined };
    found: Between;
  };
}
export type FitAsked = { [K in keyof FitWork]: FitWork[K]["asked"] & { work: K } }[keyof FitWork];
export type FitAnswer<Found> = { step: AlignStep; done: number } | { found: Found } | { message: string };

const answer = (value: FitAnswer<Fitted | Between>): void => self.postMessage(value);
const progress = (step: AlignStep, done: number): void => answer({ step, done });

const search = (asked: FitAsked): Promise<Fitted | Between> =>
  asked.work === "fit"
    ? fitOnto(asked.reference, asked.file, progress)
    : compareMaps(asked.reference, asked.other, asked.resolutionAngstrom, progress);

self.addEventListener("message", ({ data }: MessageEvent<FitAsked>) => {
  search(data).then(
    (found) => answer({ found }),
    (error: Error) => answer({ message: error.message }),
  );
});
