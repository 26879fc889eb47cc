import type { ParticleStore } from "../likelihood/particleStore.ts";
import type { Spectra } from "../measure/spectra.ts";
import type { ImageContext, Part } from "../stage.ts";
import type { AtHand } from "./next.ts";
import { type PartEnvironment, type PreparedImages, prepareImages } from "./prepare.ts";
import type { Setting } from "./setting.ts";

/**
 * The images of a set of particles as they are at hand: at one working box, and ready for refinement up to a radius.
 */
export interface ImagesAtHand {
  now(): AtHand;
  /** @throws {Error} before they are read */
  context(): ImageContext;
  /** All particles; absent where no stage of refinement needs them yet. */
  store(): ParticleStore | undefined;
  /** @param known spectra, where they were measured before. @returns the spectra */
  read(boxSize: number, known: Spectra | undefined): Promise<Spectra>;
  load(maxRadius: number): Promise<void>;
  close(): Promise<void>;
}

export function imagesAtHand(part: Part, setting: Setting, environment: PartEnvironment): ImagesAtHand {
  let images: PreparedImages | undefined,
    store: ParticleStore | undefined,
    now: AtHand = { boxSize: 0, loaded: 0 };
  const read = (): PreparedImages => {
    if (!images) throw new Error("the images have not been read");
    return images;
  };
  const close = async (): Promise<void> => {
    const [openStore, openImages] = [store, images];
    [store, images, now] = [undefined, undefined, { boxSize: 0, loaded: 0 }];
    await openStore?.close();
    await openImages?.close();
  };
  return {
    now: () => now,
    context: () => read().context,
    store: () => store,
    async read(boxSize, known) {
      await close();
      images = await prepareImages(part, setting, environment, boxSize, known);
      now = { boxSize, loaded: 0 };
      return images.context.spectra;
    },
    async load(maxRadius) {
      await store?.close();
      store = undefined;
      store = await read().openStore(maxRadius);
      now = { ...now, loaded: maxRadius };
    },
    close,
  };
}
