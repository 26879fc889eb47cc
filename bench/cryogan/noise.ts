/**
 * Whether a critic can tell the noise of the paper's data from that of the simulator: the area under the curve of its
 * outputs on images of noise that it has not seen; 0.5 is what it should be. Prints a markdown table, row by row.
 *
 *   npm run bench:noise -- [--critics likelihood-ratio,convolutional] [--shell 8] [--iterations 300] [--images 16384]
 *   [--box 64] [--threads 2] [--seed 1]
 *
 * See ../README.md for what is compared.
 */
import { parseArgs } from "node:util";
import { readBackgrounds } from "../../src/io/backgrounds.ts";
import { readDefocusTable } from "../../src/io/defocusTable.ts";
import { disk } from "../../src/io/disk.ts";
import {
  colouredNoise,
  extendedNoise,
  fitBackgrounds,
  type NoiseSource,
  radialPower,
  variedNoise,
} from "../../src/physics/noise.ts";
import { tabulatedDefocus } from "../../src/physics/simulate.ts";
import { nodeCpu } from "../../src/runtime/onnxRuntimeNode.ts";
import { createStream, type RandomStream } from "../../src/runtime/random.ts";
import { runExperiment } from "../experimentArguments.ts";
import { type NoiseQuestion, tellNoise } from "./noiseAuc.ts";

const dataFile = (name: string) => disk.at(new URL(`../../data/${name}`, import.meta.url).pathname),
  bankFile = dataFile("betagal-background-192.mrcs"),
  text = { type: "string" } as const;

async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      critics: { ...text, default: "likelihood-ratio,convolutional" },
      shell: { ...text, default: "8" },
      iterations: { ...text, default: "300" },
      images: { ...text, default: "16384" },
      box: { ...text, default: "64" },
      threads: { ...text, default: "2" },
      seed: { ...text, default: "1" },
    },
  });
  const box = Number(values.box),
    images = Number(values.images),
    seed = Number(values.seed),
    device = nodeCpu(Number(values.threads));
  let boxAngstrom = NaN;
  const fitted = async (...chosen: [first: 1 | 2, step: 1 | 2]): Promise<Float32Array> => {
    const bank = await readBackgrounds(bankFile, { first: chosen[0], step: chosen[1] });
    boxAngstrom = bank.n * bank.pixelSizeAngstrom;
    return fitBackgrounds(bank.images, bank.n, box, bank.n / box, device);
  };
  const [all, odd, even] = [await fitted(1, 1), await fitted(1, 2), await fitted(2, 2)];
  const optics = tabulatedDefocus(
    images,
    await readDefocusTable(dataFile("betagal-defocus.csv")),
    { voltageKv: 300, sphericalAberrationMm: 2.7, amplitudeContrast: 0.07 },
    seed,
  );
  const rows: [data: string, simulator: string, (stream: RandomStream) => NoiseSource, bank?: Float32Array][] = [
    ["extended, all backgrounds", "normal", (stream) => extendedNoise(all, box, stream)],
    ["extended, all backgrounds", "varied, all", (stream) => extendedNoise(all, box, stream), all],
    ["normal", "normal", (stream) => colouredNoise(radialPower(odd, box), box, stream)],
    ["varied, odd", "normal", (stream) => variedNoise(odd, box, stream)],
    ["varied, odd", "varied, even", (stream) => variedNoise(odd, box, stream), even],
  ];
  console.log(
    "| noise of the data | of the simulator | critic | training | held out |\n| --- | --- | --- | --- | --- |",
  );
  for (const critic of values.critics.split(",") as NoiseQuestion["critic"][]) {
    for (const [data, simulator, source, bank] of rows) {
      const { training, heldOut } = await tellNoise({
        critic,
        maxRadius: Number(values.shell),
        iterations: Number(values.iterations),
        particles: source(createStream(seed, "data")),
        boxSize: box,
        boxAngstrom,
        workingBox: Math.min(48, box),
        images,
        optics,
        ...(bank && { simulator: { images: bank, n: box } }),
        seed,
        device,
      });
      console.log(`| ${data} | ${simulator} | ${critic} | ${training.toFixed(3)} | ${heldOut.toFixed(3)} |`);
    }
  }
}

await runExperiment(main);
