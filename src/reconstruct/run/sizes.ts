/** What the options ask for in Å and pixels, against what the images hold. */
import { InputError } from "../../base/errors.ts";
import type { ParticleSet } from "../../base/types.ts";
import type { OptionKey, ReconstructOptions } from "../options.ts";
import { startResolutionOf } from "./givenStart.ts";

/** Radius of the mask as a fraction of the box, where no diameter is given. */
export const defaultMaskRadius = 0.45;
/** A box of 8 px; less shows no shape. */
const smallestRadius = 4;
/** Shell up to which a start is given at least. */
const coarsestStart = 3;
/** Edge of an image, and diameter of a mask, in pixels. */
const smallestBox = 2 * smallestRadius,
  smallestMask = 4;

export interface Sizes {
  boxAngstrom: number;
  /** As fractions of the box. */
  maskRadius: number;
  /** Finest radius that the images and the options allow, in Fourier pixels. */
  finestRadius: number;
}

/** Of the particles, what sizes depend on. */
export type SizedImages = Pick<ParticleSet, "source" | "boxSize" | "pixelSizeAngstrom">;
type SizeOptions = Pick<
  ReconstructOptions,
  "maskDiameter" | "maxShift" | "box" | "resolution" | "start" | "startResolution" | "stages"
>;

/** Where the images are too small, under "", or an option asks for what they cannot show. */
export function sizeProblems(
  { source, boxSize, pixelSizeAngstrom }: SizedImages,
  { maskDiameter, maxShift, box, resolution, start, startResolution, stages = [] }: SizeOptions,
): { option: OptionKey | ""; message: string }[] {
  const boxAngstrom = boxSize * pixelSizeAngstrom,
    theBox = `the box of ${boxAngstrom.toFixed(0)} Å`,
    problems: { option: OptionKey | ""; message: string }[] = [];
  const add = (option: OptionKey | "", message: string): unknown => problems.push({ option, message });
  if (boxSize < smallestBox)
    add("", `${source}: images of ${boxSize} px are too small; at least ${smallestBox} px are needed`);
  if (maskDiameter !== undefined && maskDiameter > boxAngstrom)
    add("maskDiameter", `the mask's diameter of ${maskDiameter} Å does not fit into ${theBox}`);
  if (maskDiameter !== undefined && maskDiameter < smallestMask * pixelSizeAngstrom)
    add(
      "maskDiameter",
      `the mask's diameter of ${maskDiameter} Å is less than ${smallestMask} pixels of ${pixelSizeAngstrom} Å; ` +
        "give that of the particle",
    );
  if (maxShift !== undefined && maxShift > boxAngstrom / 2)
    add("maxShift", `a shift of ${maxShift} Å (--max-shift) leads out of ${theBox}: give less than half of it`);
  if (resolution !== undefined && resolution > boxAngstrom / smallestRadius)
    add(
      "resolution",
      `a resolution of ${resolution} Å leaves nothing to see in ${theBox}; give a quarter of it or finer`,
    );
  if (start !== undefined && startResolutionOf({ startResolution }) > boxAngstrom / coarsestStart)
    add(
      "startResolution",
      `a start at ${startResolutionOf({ startResolution })} Å (--start-resolution) leaves nothing to see in ` +
        `${theBox}; give a third of it or finer`,
    );
  const largest = largestRadius(boxSize, box),
    widest = Math.max(0, ...stages.map((stage) => 2 * stage.maxRadius));
  if (widest > 2 * largest)
    add("stages", `${source}: a stage asks for a box of ${widest} px, the largest allowed here is ${2 * largest} px`);
  return problems;
}

const largestRadius = (boxSize: number, box = Infinity): number => Math.floor(Math.min(boxSize, box) / 2);

/** @throws {InputError} where the images are too small, or the options ask for what they cannot show */
export function sizesOf(images: SizedImages, options: SizeOptions): Sizes {
  const [problem] = sizeProblems(images, options);
  if (problem) throw new InputError(problem.message);
  const { maskDiameter, box, resolution } = options,
    boxAngstrom = images.boxSize * images.pixelSizeAngstrom;
  return {
    boxAngstrom,
    maskRadius: maskDiameter === undefined ? defaultMaskRadius : maskDiameter / 2 / boxAngstrom,
    finestRadius: Math.min(
      largestRadius(images.boxSize, box),
      resolution === undefined ? Infinity : Math.ceil(boxAngstrom / resolution),
    ),
  };
}
