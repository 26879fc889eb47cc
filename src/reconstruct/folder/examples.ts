/** A few particles beside what the simulator makes of the map, for people to look at. */

import { fourierCrop } from "../../numeric/fourierCrop.ts";
import { type Complex, scaleComplex } from "../../physics/complex.ts";
import { ctfInputs, ctfParameters } from "../../physics/ctf.ts";
import { radiusOf, rectangularGrid, shellValue } from "../../physics/frequencies.ts";
import { imagesInRows } from "../../physics/imageTransform.ts";
import { image } from "../../physics/microscope.ts";
import { colouredNoise } from "../../physics/noise.ts";
import { centralSlices, fourierTable } from "../../physics/project.ts";
import { samplePoses } from "../../physics/viewing.ts";
import { createStream } from "../../runtime/random.ts";
import { compile } from "../../runtime/session.ts";
import { constant, input } from "../../tensor/tensor.ts";
import { varianceOf } from "../measure/criticNoise.ts";
import { groupFactors, onGrid, signalInput } from "../measure/noiseGroups.ts";
import type { Spectra } from "../measure/spectra.ts";
import type { ImageContext, StageVolume } from "../stage.ts";
import type { RunExamples } from "./events.ts";

const count = 6;

/**
 * Six particles, six simulated images with the same CTFs, and the projections that these show. All are in the box of
 * the stage, low-passed to its resolution; particles and simulated images are whitened.
 */
export async function exampleImages(volume: StageVolume, context: ImageContext): Promise<RunExamples> {
  const n = context.boxSize,
    m = volume.n,
    { particles } = context.sample;
  const stream = createStream(context.seed, `${context.label}/examples`);
  const places = Int32Array.from({ length: count }, () => stream.integer(particles.length));
  const noise = new Float32Array(count * n * n);
  colouredNoise(context.spectra.noise, n, stream)(noise);
  const deviation = Math.sqrt(varianceOf(context.spectra.noise, n));
  const whitening = whiteningIn(context.spectra, m, m / 2);
  /** Keeps the values of pixels when n×n of them become m×m. */
  const lowPass = (radius: number): number => (radius <= m / 2 ? (m / n) ** 2 : 0);

  const grid = rectangularGrid(m);
  const feeds = {
    volume: input("volume", [m, m, m]),
    rotations: input("rotations", [count, 3, 3]),
  };
  const optics = ctfInputs(count),
    chosen = places.map((p) => particles[p]!),
    { signalFactor } = groupFactors(context.spectra, chosen),
    signalFed = signalFactor && signalInput(context.spectra.noise.length, count);
  const table = fourierTable(feeds.volume),
    radii = radiusOf(grid);
  const draw = (transform: Complex, factor: (radius: number) => number) => {
    const factors = constant(Float32Array.from(radii, factor), [grid.count, 1]);
    return imagesInRows(scaleComplex(transform, factors), grid);
  };
  const executable = await compile(
    {
      name: "examples",
      state: {},
      feeds: { ...feeds, ...optics, ...(signalFed && { signalFactor: signalFed }) },
      outputs: {
        signal: draw(
          image(
            table,
            { rotations: feeds.rotations, optics, contrast: signalFed && onGrid(signalFed, grid) },
            grid,
            context.boxAngstrom,
          ).image,
          whitening,
        ),
        projections: draw(centralSlices(table, feeds.rotations, grid), lowPass),
      },
    },
    context.device,
  );
  const { signal, projections } = await executable.run({
    volume: volume.data,
    rotations: samplePoses(context.views, count, stream),
    ...ctfParameters(context.optics, chosen),
    ...(signalFactor && { signalFactor }),
  });
  await executable.release();

  const filtered = (pixels: Float32Array, at: number): number[] =>
    Array.from(fourierCrop(pixels.subarray(at * n * n, (at + 1) * n * n), [n, n], m, whitening));
  const each = (draw: (i: number) => number[]): number[][] => Array.from({ length: count }, (_, i) => rounded(draw(i)));
  return {
    boxSize: m,
    real: particleImages(places, m, m / 2, context),
    simulated: each((i) => filtered(noise, i).map((v, p) => deviation * v + signal![i * m * m + p]!)),
    projections: each((i) => [...projections!.subarray(i * m * m, (i + 1) * m * m)]),
  };
}

const rounded = (values: Iterable<number>): number[] => Array.from(values, (v) => Number(v.toPrecision(4)));

/** Up to a radius; gives noise unit variance per pixel of a box. */
const whiteningIn =
  ({ noise }: Spectra, box: number, finest: number) =>
  (radius: number): number =>
    radius > 0 && radius <= finest ? box / Math.sqrt(shellValue(noise, radius)) : 0;

/**
 * Images as the likelihood sees them: whitened by the noise of their groups, low-passed.
 * @param places among the images in memory
 * @param box    edge of what is drawn, no larger than the working box
 */
export function particleImages(
  places: Int32Array,
  box: number,
  finest: number,
  { sample: { images, particles }, boxSize: n, spectra }: Pick<ImageContext, "sample" | "boxSize" | "spectra">,
): number[][] {
  const { imageFactor } = groupFactors(
      spectra,
      places.map((p) => particles[p]!),
    ),
    whitening = whiteningIn(spectra, box, finest);
  return Array.from(places, (place, i) => {
    const own = imageFactor?.filter((_, at) => at % places.length === i);
    return rounded(
      fourierCrop(
        images.subarray(place * n * n, (place + 1) * n * n),
        [n, n],
        box,
        (radius) => whitening(radius) * (own ? shellValue(own, radius) : 1),
      ),
    );
  });
}
