/**
 * The forward model by itself: images of a map at random poses through a microscope of 300 kV, and how a change of the
 * volume would change them.
 *
 *   npx tsx examples/forwardModel.ts
 */

import {
  ctfInputs,
  ctfParameters,
  fourierTable,
  image,
  polarGrid,
  samplePoses,
  uniformDefocus,
} from "../src/physics/index.ts";
import { compile, createStream, nodeCpu } from "../src/runtime/index.ts";
import { gradient, input, op, programText } from "../src/tensor/index.ts";
import { ribosomeMap } from "./ribosome.ts";

const n = 32,
  batch = 8;
const ribosome = await ribosomeMap(n);
const boxAngstrom = n * ribosome.pixelSizeAngstrom;

// The program: what is fed, what is computed. Nothing runs yet.
const volume = input("volume", [n, n, n]),
  rotations = input("rotations", [batch, 3, 3]),
  optics = ctfInputs(batch);
const exposed = image(fourierTable(volume), { rotations, optics }, polarGrid(12, 24), boxAngstrom);
const power = op.mean(op.add(op.square(exposed.image.re), op.square(exposed.image.im)));
const [slope] = gradient(power, [volume]);
console.log(programText({ power }), "\n");

const executable = await compile(
  { name: "example", state: {}, feeds: { volume, rotations, ...optics }, outputs: { power, slope: slope! } },
  nodeCpu(2),
);
const microscope = { voltageKv: 300, sphericalAberrationMm: 2.7, amplitudeContrast: 0.1 };
const results = await executable.run({
  volume: ribosome.data,
  rotations: samplePoses({ kind: "uniform" }, batch, createStream(1, "poses")),
  ...ctfParameters(uniformDefocus(batch, [10_000, 25_000], microscope, 1), [...Array(batch).keys()]),
});
await executable.release();

// The power is quadratic in the volume, so the volume times its slope is twice the power.
const product = ribosome.data.reduce((sum, v, i) => sum + v * results.slope![i]!, 0);
console.log(`mean power ${results.power![0]!.toPrecision(6)}, half of volume · slope ${(product / 2).toPrecision(6)}`);
