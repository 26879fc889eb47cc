import { disk } from "../../io/disk.ts";
import { createStackWriter } from "../../io/mrc.ts";
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
 * stack
 * that was begun is removed and a file of that name from before stays.
 * @throws AbortError
 */
export async function writeImageStack(
  request: StackRequest,
  batches: AsyncIterable<ImageBatch>,
  signal: AbortSignal,
): Promise<void> {
  const { path, count, boxSize, pixelSizeAngstrom, float16, json } = request;
  const writer = await createStackWriter(disk.at(path), {
    width: boxSize,
    height: boxSize,
    pixelSizeAngstrom,
    mode: float16 ? 12 : 2,
  });
  const progress = createImageProgress(count, json);
  try {
    for await (const { first, images } of batches) {
      signal.throwIfAborted();
      await writer.append(images);
      progress.update(first + images.length / boxSize ** 2);
    }
    signal.throwIfAborted();
  } catch (error) {
    await writer.abort();
    throw error;
  } finally {
    progress.stop();
  }
  await writer.close();
}
