/** What there is to see of the classes after a stage. */
import { axisProjection } from "../../evaluate/volumeImages.ts";
import { changeBoxes, classesIn, eachClass, mainClass, volumeOf } from "../classes.ts";
import { asMap } from "../measure/asMap.ts";
import type { HalfSamples } from "../measure/halfSamples.ts";
import type { ImageContext, RunClasses, ShownClass, StageResult } from "../stage.ts";
import { particleImages } from "./examples.ts";

/** Images are drawn no larger. */
const largestBox = 64;
const imagesOfClass = 6;

/**
 * @param symbols of the group of each class, or of all
 * @returns undefined of one class without junk
 */
export function shownClasses(
  { volume, shares, memberships, directions }: StageResult,
  halfSamples: HalfSamples | undefined,
  context: ImageContext,
  symbols: readonly string[],
): RunClasses | undefined {
  if (!shares) return undefined;
  const classes = classesIn(volume),
    box = Math.min(largestBox, volume.n),
    coarse = changeBoxes({ n: volume.n, data: volume.data }, box);
  return {
    boxSize: box,
    boxAngstrom: context.boxAngstrom,
    classes: Array.from(shares, (share, c): ShownClass => {
      const particles = memberships
        ? particleImages(mostLikely(memberships, shares.length, c, context), box, box / 2, context)
        : [];
      const own = { number: c + 1, share: Number(share.toFixed(4)), particles };
      if (c === classes) return { ...own, junk: true, projections: [] };
      const map = asMap(volumeOf(coarse, c)),
        agreement = classes === 1 ? halfSamples?.agreement : halfSamples?.classes?.[c];
      return {
        ...own,
        projections: (["z", "y", "x"] as const).map((axis) =>
          Array.from(axisProjection(map, axis).pixels, (v) => Number(v.toPrecision(4))),
        ),
        ...(agreement ? { agreement: agreement.map((v) => Number(v.toFixed(4))) } : {}),
        // Of an empty class there are none.
        ...(directions?.[c]?.share.every(Number.isFinite)
          ? { directions: { ...directions[c], symmetry: symbols[c] ?? symbols[0]! } }
          : {}),
      };
    }),
  };
}

/** Where the first images are in memory whose most likely class it is, surest first. */
function mostLikely(
  memberships: Float32Array,
  lines: number,
  c: number,
  { sample: { particles }, count }: Pick<ImageContext, "sample" | "count">,
): Int32Array {
  const of = eachClass(particles.length, (place) => place).filter(
    (place) => mainClass(memberships, lines, count, particles[place]!) === c,
  );
  const sureness = (place: number): number => memberships[c * count + particles[place]!]!;
  return Int32Array.from(of.sort((a, b) => sureness(b) - sureness(a)).slice(0, imagesOfClass));
}
