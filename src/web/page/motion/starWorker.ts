/** Reads particles.star beside the page, which stays quick while a million rows are gone through. */
import "../noEval.ts";
import { particlesWithin, type Range, readPlaces } from "../../../reconstruct/motionParticles.ts";

export interface Asked {
  /** The STAR file, and its name for messages. */
  bytes: ArrayBuffer;
  file: string;
  /** For the particles in these ranges as a STAR file; absent: for z of all. */
  ranges?: ReadonlyMap<number, Range>;
}
export type Answer = { places: Float32Array[] } | { star: Uint8Array<ArrayBuffer> } | { message: string };

function answerTo({ bytes, file, ranges }: Asked): Answer {
  try {
    const text = new TextDecoder().decode(bytes);
    return ranges
      ? { star: new TextEncoder().encode(particlesWithin(text, file, ranges)) }
      : { places: readPlaces(text, file) };
  } catch (error) {
    return { message: (error as Error).message };
  }
}

self.addEventListener("message", ({ data }: MessageEvent<Asked>) => self.postMessage(answerTo(data)));
