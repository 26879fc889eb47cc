import { disk } from "../../io/disk.ts";
import { writeStack } from "../../io/mrc.ts";
import type { ImageBatch } from "../../physics/simulate.ts";
import { createImageProgress } from "../imageProgress.ts";

export interface StackRequest {
  path: string;
  count: number;
  boxSize: number;
  pixelSizeAngstrom: number;
  float16: boolean;
  /** Progress as JSON lines. */
  json: boolean;
}

/**
 * Write images to a stack as they are made, with a progress display. Where the signal aborts or anything fails, the
 * stack that was begun is removed and a file of that name from before stays.
 * @throws AbortError
 */
export async function writeImageStack(
  request: StackRequest,
  batches: AsyncIterable<ImageBatch>,
  signal: AbortSignal,
): Promise<void> {
  const { path, count, boxSize, pixelSizeAngstrom, float16, json } = request;
  const progress = createImageProgress(count, json);
  async function* watched(): AsyncGenerator<Float32Array> {
    for await (const { first, images } of batches) {
      signal.throwIfAborted();
      yield images;
      progress.update(first + images.length / boxSize ** 2);
    }
    signal.throwIfAborted();
  }
  const options = { width: boxSize, height: boxSize, pixelSizeAngstrom, mode: float16 ? (12 as const) : (2 as const) };
  try {
    await writeStack(disk.at(path), options, watched());
  } finally {
    progress.stop();
  }
}
