/** The images of a particle set: checked against their stacks first, then read in any order. */
import { dirname, relative, resolve } from "pathe";
import { InputError } from "../base/errors.ts";
import type { Files } from "../base/files.ts";
import type { ParticleSet } from "../base/types.ts";
import type { ImageStack } from "./mrc.ts";
import { openStack } from "./mrc.ts";

/** Stacks kept open between reads. */
const OPEN_STACKS = 64;

export interface ParticleImages {
  /** Reads the images of these particles one after the other into `out` (`boxSize²` each, row-major). */
  read(particles: ArrayLike<number>, out: Float32Array): Promise<void>;
  /** Waits for reads under way and closes the stacks. */
  close(): Promise<void>;
}

/**
 * Checks every stack that the particles use: that it is there and whole, has images of the set's box size, and holds
 * each image that is named.
 * @throws InputError naming the first row that a stack contradicts.
 */
export async function validateImages(files: Files, set: ParticleSet): Promise<void> {
  const firstUser = new Map<number, number>();
  for (let i = 0; i < set.count; i++) if (!firstUser.has(set.stackIndex[i]!)) firstUser.set(set.stackIndex[i]!, i);

  const counts = new Int32Array(set.stacks.length);
  for (const [index, particle] of firstUser) {
    const file = files.at(set.stacks[index]!);
    if (!(await file.exists())) {
      throw new InputError(
        `${set.where(particle)} names ${file.path}, which does not exist; ` +
          "give the project folder that stack names are relative to",
      );
    }
    const stack = await openStack(file);
    await stack.close();
    if (stack.width !== set.boxSize || stack.height !== set.boxSize) {
      throw new InputError(
        `${set.where(particle)} names ${shortName(set, index)}, ` +
          `whose images have ${stack.width} x ${stack.height} pixels; the box size is ${set.boxSize}`,
      );
    }
    counts[index] = stack.count;
  }
  for (let i = 0; i < set.count; i++) {
    const index = set.stackIndex[i]!;
    const image = set.imageIndex[i]!;
    if (image < 0 || image >= counts[index]!) {
      throw new InputError(
        `${set.where(i)} names image ${image + 1} of ${shortName(set, index)}, which holds ${counts[index]} images`,
      );
    }
  }
}

/**
 * Opens the images of a particle set after {@link validateImages}. Stacks are opened when first read, a limited number
 * at a time; calls of `read` follow one another.
 * @throws InputError as validateImages; from `read`, naming row, stack and image, when a pixel is NaN or infinite.
 */
export async function openParticleImages(files: Files, set: ParticleSet): Promise<ParticleImages> {
  await validateImages(files, set);
  /** Open stacks, the one used longest ago first. */
  const open = new Map<number, ImageStack>();
  let last: Promise<unknown> = Promise.resolve();

  async function stackOf(index: number): Promise<ImageStack> {
    let stack = open.get(index);
    open.delete(index);
    if (stack === undefined) {
      for (const [oldest, unused] of open) {
        if (open.size < OPEN_STACKS) break;
        open.delete(oldest);
        await unused.close();
      }
      stack = await openStack(files.at(set.stacks[index]!));
    }
    open.set(index, stack);
    return stack;
  }

  async function read(particles: ArrayLike<number>, out: Float32Array): Promise<void> {
    const size = set.boxSize ** 2;
    if (out.length < particles.length * size)
      throw new RangeError(`${particles.length} images of ${size} pixels do not fit ${out.length}`);
    // By stack and image, so that each stack is visited once and neighbours are read together.
    const order = Int32Array.from({ length: particles.length }, (_, slot) => slot).sort((a, b) => {
      const [p, q] = [particles[a]!, particles[b]!];
      return set.stackIndex[p]! - set.stackIndex[q]! || set.imageIndex[p]! - set.imageIndex[q]!;
    });
    for (let start = 0; start < order.length; ) {
      const index = set.stackIndex[particles[order[start]!]!]!;
      let end = start + 1;
      while (end < order.length && set.stackIndex[particles[order[end]!]!] === index) end++;
      const slots = order.subarray(start, end);
      const stack = await stackOf(index);
      await stack.read(
        slots.map((slot) => set.imageIndex[particles[slot]!]!),
        out,
        slots,
      );
      for (const slot of slots) {
        const image = out.subarray(slot * size, (slot + 1) * size);
        checkFinite(set, particles[slot]!, image);
        if (set.sign?.[particles[slot]!] === -1) for (let p = 0; p < size; p++) image[p] = -image[p]!;
      }
      start = end;
    }
  }

  return {
    read(particles, out) {
      const done = last.then(() => read(particles, out));
      last = done.catch(() => undefined);
      return done;
    },
    async close() {
      await last;
      for (const stack of open.values()) await stack.close();
      open.clear();
    },
  };
}

function checkFinite(set: ParticleSet, particle: number, image: Float32Array): void {
  for (let i = 0; i < image.length; i++) {
    if (Number.isFinite(image[i])) continue;
    throw new InputError(
      `${set.where(particle)}: image ${set.imageIndex[particle]! + 1} of ` +
        `${shortName(set, set.stackIndex[particle]!)} has a pixel that is NaN or infinite; remove this particle`,
    );
  }
}

/** The stack as seen from the particle file's folder, or its full path where it lies elsewhere. */
function shortName(set: ParticleSet, index: number): string {
  const path = set.stacks[index]!;
  const name = relative(dirname(resolve(set.source)), path);
  return name.startsWith("..") ? path : name;
}
