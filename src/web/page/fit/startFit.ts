import type { Volume } from "../../../base/types.ts";
import type { AlignStep } from "../../../evaluate/align.ts";
import type { Fitted } from "./fitted.ts";
import type { FitAnswer, FitAsked } from "./fitWorker.ts";

/** {@link fitOnto} in a worker. @returns a function that ends it, after which nothing is called */
export function startFit(
  asked: FitAsked,
  told: {
    progress: (step: AlignStep, done: number) => void;
    fitted: (fitted: Fitted) => void;
    failed: (message: string) => void;
  },
): () => void {
  const worker = new Worker(new URL("./fitWorker.ts", import.meta.url), { type: "module", name: "fit" });
  worker.addEventListener("message", ({ data }: MessageEvent<FitAnswer>) => {
    if ("step" in data) return told.progress(data.step, data.done);
    worker.terminate();
    if ("message" in data) told.failed(data.message);
    else told.fitted(data.fitted);
  });
  worker.addEventListener("error", ({ message }) => told.failed(message || "the search could not be started"));
  const { data, shape, pixelSizeAngstrom, originAngstrom } = asked.reference;
  const reference: Volume = { data, shape, pixelSizeAngstrom, originAngstrom };
  worker.postMessage({ reference, file: asked.file } satisfies FitAsked);
  return () => worker.terminate();
}
