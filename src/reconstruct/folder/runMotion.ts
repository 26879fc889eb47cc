/** What there is to see of a molecule that moves, in a run folder. */
import type { Volume } from "../../base/types.ts";
import { type Axis, axisProjection } from "../../evaluate/volumeImages.ts";
import { readText } from "../../io/files.ts";
import type { GrayImage } from "../../io/grayImage.ts";
import { readMap } from "../../io/mrc.ts";
import { motionMaps } from "../motionMaps.ts";
import { readPlaces } from "../motionParticles.ts";
import type { MotionResult, RunEvent } from "./events.ts";
import type { ReadPart } from "./runFolder.ts";

type Component = MotionResult["components"][number];

export interface RunMotion {
  resolutionAngstrom: number;
  components: ShownComponent[];
  /** z of all particles along each component; absent where particles.star tells none. */
  places?: Float32Array[];
}

interface ShownComponent extends Pick<Component, "number" | "power"> {
  /** The axis along which the ends of the series differ most. */
  along: Axis;
  pixelSizeAngstrom: number;
  /** Those of its maps that are there, projected along that axis. */
  maps: (Component["series"][number] & { projection: GrayImage })[];
}

const axes = ["z", "y", "x"] as const;

/** Of a run that has ended with `--motion`. */
export async function readRunMotion(events: readonly RunEvent[], read: ReadPart): Promise<RunMotion | undefined> {
  const motion = events.findLast((event) => event.type === "finished")?.motion;
  if (!motion) return undefined;
  const components: ShownComponent[] = [];
  for (const { number, power, series } of motion.components) {
    const seen: { step: Component["series"][number]; images: GrayImage[] }[] = [];
    let pixelSizeAngstrom = 0;
    // Maps one after another: those of a large box would not all fit into memory.
    for (const step of series.filter(({ map }) => motionMaps.includes(map))) {
      const map = await read(step.map, (file): Promise<Volume> => readMap(file));
      if (!map) continue;
      seen.push({ step, images: axes.map((axis) => axisProjection(map, axis)) });
      ({ pixelSizeAngstrom } = map);
    }
    if (seen.length === 0) continue;
    const a = mostDifferent(seen[0]!.images, seen.at(-1)!.images);
    components.push({
      number,
      power,
      along: axes[a]!,
      pixelSizeAngstrom,
      maps: seen.map(({ step, images }) => ({ ...step, projection: images[a]! })),
    });
  }
  const places = await read("particles.star", async (file) => readPlaces(await readText(file), "particles.star"));
  return { resolutionAngstrom: motion.resolutionAngstrom, components, ...(places ? { places } : {}) };
}

function mostDifferent(first: readonly GrayImage[], last: readonly GrayImage[]): number {
  const off = first.map(({ pixels }, a) =>
    Array.from(pixels).reduce((sum, value, i) => sum + (value - last[a]!.pixels[i]!) ** 2, 0),
  );
  return Math.max(0, off.indexOf(Math.max(...off))); // 0 where the maps have not one box
}
