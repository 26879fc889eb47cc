/** Reads particles.star beside the page, which stays quick while a million rows are gone through. */
import "../noEval.ts";
import { particlesOfClass } from "../../../reconstruct/classParticles.ts";
import { particlesWithin, type Range, readPlaces } from "../../../reconstruct/motionParticles.ts";

export interface Asked {
  /** The STAR file, and its name for messages. */
  bytes: ArrayBuffer;
  file: string;
  /** For the particles in these ranges, or of this class, as a STAR file; absent: for z of all. */
  ranges?: ReadonlyMap<number, Range>;
  classNumber?: number;
}
export type Answer = { places: Float32Array[] } | { star: Uint8Array<ArrayBuffer> } | { message: string };

function answerTo({ bytes, file, ranges, classNumber }: Asked): Answer {
  try {
    const text = new TextDecoder().decode(bytes);
    const star = ranges
      ? particlesWithin(text, file, ranges)
      : classNumber === undefined
        ? undefined
        : particlesOfClass(text, file, classNumber);
    return star === undefined ? { places: readPlaces(text, file) } : { star: new TextEncoder().encode(star) };
  } catch (error) {
    return { message: (error as Error).message };
  }
}

self.addEventListener("message", ({ data }: MessageEvent<Asked>) => self.postMessage(answerTo(data)));
