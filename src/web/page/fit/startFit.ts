import type { Volume } from "../../../base/types.ts";
import type { AlignStep } from "../../../evaluate/align.ts";
import type { FitAnswer, FitAsked, FitWork } from "./fitWorker.ts";

/**
 * `fitOnto` or `compareMaps` in a worker of its own, which goes with its answer.
 *
 * @returns a function that ends it, after which nothing is called
 */
export function startFit<K extends keyof FitWork>(
  asked: FitAsked & { work: K },
  told: {
    progress: (step: AlignStep, done: number) => void;
    found: (found: FitWork[K]["found"]) => void;
    failed: (message: string) => void;
  },
): () => void {
  const worker = new Worker(new URL("./fitWorker.ts", import.meta.url), { type: "module", name: "fit" });
  worker.addEventListener("message", ({ data }: MessageEvent<FitAnswer<FitWork[K]["found"]>>) => {
    if ("step" in data) return told.progress(data.step, data.done);
    worker.terminate();
    if ("message" in data) told.failed(data.message);
    else told.found(data.found);
  });
  worker.addEventListener("error", ({ message }) => told.failed(message || "the search could not be started"));
  worker.postMessage(alone(asked));
  return () => worker.terminate();
}

/** A map of the page has more to it than the search needs. */
function alone(asked: FitAsked): FitAsked {
  const reference = volumeAlone(asked.reference);
  return asked.work === "fit" ? { ...asked, reference } : { ...asked, reference, other: volumeAlone(asked.other) };
}

const volumeAlone = ({ data, shape, pixelSizeAngstrom, originAngstrom }: Volume): Volume => ({
  data,
  shape,
  pixelSizeAngstrom,
  originAngstrom,
});
