import { useMemo } from "preact/hooks";
import { contrastRange, type GrayImage } from "../../../io/grayImage.ts";
import type { RunEvent, RunExamples } from "../../../reconstruct/folder/events.ts";
import type { RunTemplates } from "../../../reconstruct/stage.ts";
import type { RunSummary } from "../../live/source.ts";
import { Empty, NotThere } from "../Empty.tsx";
import type { Page } from "../page.ts";
import { useJson } from "../run/files.ts";
import { GrayCanvas } from "./GrayCanvas.tsx";

export function Particles({ page, run, events }: { page: Page; run: RunSummary; events: readonly RunEvent[] }) {
  const examples = useJson<RunExamples>(page, run.id, "examples.json", events).value;
  const templates = useJson<RunTemplates>(page, run.id, "templates.json", events).value;
  const images = useMemo(() => examples && exampleImages(examples), [examples]);
  const kernels = useMemo(() => templates?.images.map((pixels) => square(templates.boxSize, pixels)), [templates]);
  return (
    <>
      <h3>Particles</h3>
      {images ? (
        <>
          <p class="note">
            Simulated from the map at random views. When the map is right, the first two rows cannot be told apart.
            Low-passed to the resolution worked to ({images.boxSize} px).
          </p>
          <Strip name="Real" images={images.real} range={images.noisy} />
          <Strip name="Simulated" images={images.simulated} range={images.noisy} />
          <Strip name="Simulated, without noise and CTF" images={images.projections} range={images.clean} />
          <p class="note">One grey scale for real and simulated images, another for those without noise.</p>
        </>
      ) : (
        <NotThere run={run} what="images" comes="they are written after the first stage" />
      )}
      <h3>Critic templates</h3>
      {kernels ? (
        <>
          <p class="note">
            What the critic looks for in an image, at the end of the last adversarial stage: its templates, or views of
            its volume. Each has its own grey scale.
          </p>
          <div class="strip dense">
            {kernels.map((image, i) => (
              <GrayCanvas key={i} image={image} range={contrastRange([image])} label={`template ${i + 1}`} />
            ))}
          </div>
        </>
      ) : (
        <Empty>No templates: they are written after an adversarial stage; the convolutional critic has none.</Empty>
      )}
    </>
  );
}

const square = (boxSize: number, pixels: number[]): GrayImage => ({ width: boxSize, height: boxSize, pixels });

function exampleImages({ boxSize, real, simulated, projections }: RunExamples) {
  const toImages = (list: number[][]) => list.map((pixels) => square(boxSize, pixels));
  const [particles, simulations, noiseFree] = [toImages(real), toImages(simulated), toImages(projections)];
  return {
    boxSize,
    real: particles,
    simulated: simulations,
    projections: noiseFree,
    noisy: contrastRange([...particles, ...simulations]),
    clean: contrastRange(noiseFree),
  };
}

function Strip({ name, images, range }: { name: string; images: GrayImage[]; range: readonly [number, number] }) {
  return (
    <div class="row">
      <h4>{name}</h4>
      <div class="strip">
        {images.map((image, i) => (
          <GrayCanvas key={i} image={image} range={range} label={`${name} ${i + 1}`} />
        ))}
      </div>
    </div>
  );
}
