import { disk } from "../../io/disk.ts";
import { writeFileAtomic } from "../../io/files.ts";
import { encodeGrayPng, type GrayImage, montage } from "../../io/grayImage.ts";
import { readParticles } from "../../io/particles.ts";
import { firstParticleImages, summarizeParticles } from "../../reconstruct/measure/particleSummary.ts";
import { mrcText, summarizeMrc } from "../inspect/mrc.ts";
import { particleText } from "../inspect/particles.ts";
import { type InspectCommandOptions, isParticleFile } from "../options/inspect.ts";
import { print, printJson } from "../print.ts";

const imagesInMontage = 64;

/** Print what a particle file, a stack or a map holds. @throws InputError when it cannot be read */
export async function inspect({
  file,
  projectRoot,
  passthrough,
  pixelSize,
  opticsGroups,
  class: classes,
  png,
  json,
}: InspectCommandOptions): Promise<void> {
  const show = (summary: unknown, text: string) => (json ? printJson(summary, 2) : print(text));
  if (isParticleFile(file)) {
    const particles = await readParticles(disk, file, {
      projectRoot,
      passthrough,
      opticsGroups,
      classes,
      pixelSizeAngstrom: pixelSize,
    });
    const summary = await summarizeParticles(disk, particles);
    show(summary, particleText(summary));
    if (png !== undefined) await writeMontage(png, await firstParticleImages(disk, particles, imagesInMontage), 8);
    return;
  }
  const { summary, images } = await summarizeMrc(file, png === undefined ? 0 : imagesInMontage);
  show(summary, mrcText(summary));
  if (png !== undefined) await writeMontage(png, images, summary.kind === "map" ? 3 : 8);
}

async function writeMontage(path: string, images: readonly GrayImage[], columns: number): Promise<void> {
  // The montage is stretched per image already: 0 to 1.
  await writeFileAtomic(disk.at(path), encodeGrayPng(montage(images, Math.min(columns, images.length)), [0, 1]));
}
