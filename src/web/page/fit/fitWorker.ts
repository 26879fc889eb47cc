/** The search beside the page, which stays quick meanwhile. */
import "../noEval.ts";
import type { Volume } from "../../../base/types.ts";
import type { AlignStep } from "../../../evaluate/align.ts";
import { type Fitted, fitOnto } from "./fitted.ts";

export interface FitAsked {
  reference: Volume;
  file: File;
}
export type FitAnswer = { step: AlignStep; done: number } | { fitted: Fitted } | { message: string };

const answer = (value: FitAnswer): void => self.postMessage(value);

self.addEventListener("message", ({ data: { reference, file } }: MessageEvent<FitAsked>) => {
  fitOnto(reference, file, (step, done) => answer({ step, done })).then(
    (fitted) => answer({ fitted }),
    (error: Error) => answer({ message: error.message }),
  );
});
