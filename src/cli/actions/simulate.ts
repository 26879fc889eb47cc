import { join, resolve } from "node:path";
import { formatCount, formatDuration, formatNumber } from "../../base/format.ts";
import { interruptible } from "../../base/interrupt.ts";
import type { ParticleSet } from "../../base/types.ts";
import { version } from "../../base/version.ts";
import { disk } from "../../io/disk.ts";
import { writeFileAtomic } from "../../io/files.ts";
import { writeMap } from "../../io/mrc.ts";
import { particlesOfStack, subset, writeParticlesStar } from "../../io/particles.ts";
import { relionPoses } from "../../physics/relionPoses.ts";
import { type ShiftLaw, sampleShifts } from "../../physics/shift.ts";
import { type ImageBatch, type SimulationInput, simulateImages } from "../../physics/simulate.ts";
import { chooseDevice, type Device } from "../../runtime/device.ts";
import { nodeRuntime } from "../../runtime/onnxRuntimeNode.ts";
import { createStream } from "../../runtime/random.ts";
import type { ShiftDistribution, SimulateCommandOptions } from "../options/simulate.ts";
import { print, printJson } from "../print.ts";
import { drawOptics, drawPoses } from "./draws.ts";
import { writeImageStack } from "./imageStack.ts";
import { loadModel } from "./model.ts";
import { noiseSource } from "./noise.ts";

/**
 * Make particle images of a model and write particles.mrcs, particles.star, truth.mrc, truth.star and config.json.
 * @throws Interrupted after Ctrl-C or another signal to stop, which leaves no stack behind
 */
export async function simulate(options: SimulateCommandOptions): Promise<void> {
  await interruptible((signal) => run(options, signal), "stopped; no particles were written", "stopping");
}

async function run(options: SimulateCommandOptions, signal: AbortSignal): Promise<void> {
  const start = performance.now();
  const { particles: count, boxSize, seed, out } = options;
  await disk.makeFolder(out);
  const volume = await loadModel(options);
  const pixelSizeAngstrom = volume.pixelSizeAngstrom,
    boxAngstrom = boxSize * pixelSizeAngstrom;
  const optics = await drawOptics(options.optics, count, seed);
  const device = await chooseDevice(nodeRuntime, options.device, options.threads);
  const noise = await noiseSource(options.noise, boxSize, pixelSizeAngstrom, seed, device);
  const rotations = drawPoses(options.views, count, seed);
  const shifts = sampleShifts(shiftLaw(options.shift, boxAngstrom), count, createStream(seed, "shifts"));
  const junk = drawJunk(options.junkFraction, count, seed);
  signal.throwIfAborted();

  const files = Object.fromEntries(
    ["particles.mrcs", "particles.star", "truth.mrc", "truth.star", "config.json"].map((name) => [
      name,
      join(out, name),
    ]),
  );
  const stack = files["particles.mrcs"]!;
  const simulation: SimulationInput = {
    volume,
    rotations,
    shifts,
    optics,
    noise,
    junk,
    signalToNoise: options.noise.kind === "none" ? undefined : options.noise.snr,
  };
  let signalScale = NaN;
  const batches = async function* (): AsyncGenerator<ImageBatch> {
    for await (const batch of simulateImages(simulation, device)) {
      signalScale = batch.scale;
      yield batch;
    }
  };
  await writeImageStack(
    { path: stack, count, boxSize, pixelSizeAngstrom, float16: options.float16, json: options.json },
    batches(),
    signal,
  );

  const poses = relionPoses(rotations, shifts, boxAngstrom);
  const set = particlesOfStack(resolve(stack), { boxSize, pixelSizeAngstrom, optics, poses });
  // Where maps of a run lie, so that they open on one another: images do not tell where the model stood.
  await writeMap(disk.at(files["truth.mrc"]!), { ...volume, originAngstrom: [0, 0, 0] });
  await writeParticlesStar(disk.at(files["truth.star"]!), withoutParticles(set, junk), { poses: true });
  await writeFileAtomic(disk.at(files["config.json"]!), configuration(options, pixelSizeAngstrom, signalScale, device));
  // Of real particles nobody knows the envelope; truth.star tells it.
  await writeParticlesStar(disk.at(files["particles.star"]!), {
    ...set,
    optics: { ...optics, bFactorAngstrom2: new Float64Array(count) },
  });

  const elapsedSeconds = (performance.now() - start) / 1000;
  const summary = {
    type: "finished",
    particles: count,
    boxSize,
    pixelSizeAngstrom,
    signalScale,
    elapsedSeconds,
    files,
  };
  if (options.json) printJson(summary);
  else
    print(
      `${formatCount(count)} images of ${boxSize} px, ${formatNumber(pixelSizeAngstrom, 4)} Å per pixel, ` +
        `in ${formatDuration(elapsedSeconds)}: ${files["particles.star"]}\n` +
        `true map ${files["truth.mrc"]}, true poses ${files["truth.star"]}`,
    );
}

/** The particles whose images hold no molecule. */
function drawJunk(share: number, count: number, seed: number): ReadonlySet<number> {
  return new Set(
    createStream(seed, "junk")
      .permutation(count)
      .subarray(0, Math.round(share * count)),
  );
}

function withoutParticles(set: ParticleSet, left: ReadonlySet<number>): ParticleSet {
  return left.size === 0
    ? set
    : subset(
        set,
        Int32Array.from({ length: set.count }, (_, i) => i).filter((i) => !left.has(i)),
      );
}

function shiftLaw(shift: ShiftDistribution, boxAngstrom: number): ShiftLaw {
  if (shift.kind === "gaussian") return { kind: "gaussian", sigma: shift.sigmaAngstrom / boxAngstrom };
  return shift.kind === "triangular" ? { kind: "triangular", extent: shift.boxFraction } : { kind: "none" };
}

/**
 * What is needed to make the same images again, and the factor between a projection of truth.mrc and the signal in
 * them.
 */
function configuration(
  options: SimulateCommandOptions,
  pixelSizeAngstrom: number,
  signalScale: number,
  device: Device,
): string {
  const all = { command: "simulate", version, ...options, pixelSizeAngstrom, device: device.name, signalScale };
  return `${JSON.stringify(all, null, 2)}\n`;
}
