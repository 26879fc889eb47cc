/** What the page asks of the particles.star of a run. */
import type { Range } from "../../../reconstruct/motionParticles.ts";
import type { Answer, Asked } from "./starWorker.ts";

export const starFile = "particles.star";

/** z of all particles along each component. @throws Error where the file tells none */
export async function placesIn(bytes: ArrayBuffer): Promise<Float32Array[]> {
  return ((await ask({ bytes, file: starFile })) as Extract<Answer, { places: unknown }>).places;
}

/** A STAR file of the particles in all of the ranges, by component from 0. @throws Error where the file tells no z */
export async function selectedOf(
  bytes: ArrayBuffer,
  ranges: ReadonlyMap<number, Range>,
): Promise<Uint8Array<ArrayBuffer>> {
  return ((await ask({ bytes, file: starFile, ranges })) as Extract<Answer, { star: unknown }>).star;
}

/** A STAR file of the particles of a class. @throws Error where the file tells no class */
export async function classOf(bytes: ArrayBuffer, classNumber: number): Promise<Uint8Array<ArrayBuffer>> {
  return ((await ask({ bytes, file: starFile, classNumber })) as Extract<Answer, { star: unknown }>).star;
}

function ask(asked: Asked): Promise<Answer> {
  const worker = new Worker(new URL("./starWorker.ts", import.meta.url), { type: "module", name: "particles" });
  return new Promise<Answer>((resolve, reject) => {
    worker.addEventListener("message", ({ data }: MessageEvent<Answer>) =>
      "message" in data ? reject(new Error(data.message)) : resolve(data),
    );
    worker.addEventListener("error", ({ message }) => reject(new Error(message || "it could not be read")));
    worker.postMessage(asked, [asked.bytes]);
  }).finally(() => worker.terminate());
}
