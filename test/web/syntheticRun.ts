/**
 * A run folder with made-up but plausible content, for tests and for looking at the report:
 *   npx tsx test/web/syntheticRun.ts /tmp/run && npx tsx src/main.ts report /tmp/run
 */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Volume } from "../../src/base/types.ts";
import { disk } from "../../src/io/disk.ts";
import { writeMap } from "../../src/io/mrc.ts";
import type { RunEvent } from "../../src/reconstruct/folder/events.ts";
import { createStream } from "../../src/runtime/random.ts";

const time = "2025-03-01T12:00:00.000Z";
const stages = [
  { kind: "adversarial", boxSize: 16, resolutionAngstrom: 25.2, iterations: 600 },
  { kind: "refinement", boxSize: 16, resolutionAngstrom: 25.2, iterations: 4 },
  { kind: "refinement", boxSize: 48, resolutionAngstrom: 8, iterations: 3 },
] as const;

/** Events of one reconstruction; `half` absent: of all data. */
export function syntheticEvents(half?: 1 | 2): RunEvent[] {
  const noise = createStream(7 + (half ?? 0), "events");
  const jitter = (size: number) => size * noise.normal();
  const ofHalf = half === undefined ? {} : { half };
  const events: RunEvent[] = [
    {
      type: "start",
      time,
      particles: half ? 2500 : 5000,
      boxSize: 64,
      pixelSizeAngstrom: 3,
      symmetry: "C1",
      device: "cpu",
      seed: 1,
      version: "0.1.0",
      machine: "node7",
      command: "cryogan reconstruct particles.star --out <run> --half-maps",
      ...ofHalf,
    },
  ];
  let elapsedSeconds = 0;
  stages.forEach(({ kind, boxSize, resolutionAngstrom, iterations }, i) => {
    const stage = i + 1;
    const progress = (iteration: number) => {
      elapsedSeconds += 0.5;
      return {
        type: "progress" as const,
        time,
        stage,
        iteration,
        iterations,
        elapsedSeconds,
        remainingSeconds: 75 - elapsedSeconds,
        ...ofHalf,
      };
    };
    events.push({
      type: "stage",
      time,
      stage,
      stages: stages.length,
      kind,
      boxSize,
      resolutionAngstrom,
      iterations,
      ...ofHalf,
    });
    for (let iteration = 20; kind === "adversarial" && iteration <= iterations; iteration += 20) {
      const settled = 1 - Math.exp(-iteration / 250);
      events.push({
        ...progress(iteration),
        criticLoss: 1.2 + 0.18 * settled + jitter(0.02),
        volumeLoss: 0.85 - 0.15 * settled + jitter(0.03),
        realLogit: 0.6 - 0.5 * settled + jitter(0.04),
        fakeLogit: -0.6 + 0.5 * settled + jitter(0.04),
        gradientPenalty: 0.05 * (1 - 0.7 * settled) + Math.abs(jitter(0.004)),
        signalAmplitude: 0.7 + 0.28 * settled + jitter(0.01),
      });
    }
    for (let pass = 1; kind === "refinement" && pass <= iterations; pass++)
      events.push(progress(pass - 0.5), {
        ...progress(pass),
        logLikelihood: 8 * stage - 5 * Math.exp(-pass) + jitter(0.05),
      });
    events.push({ type: "checkpoint", time, stage, iteration: iterations, path: "checkpoint.bin", ...ofHalf });
  });
  return events;
}

/** A ring of blobs with a spur that tells x, y and z apart, with noise. */
export function syntheticVolume(edge: number, seed: number): Volume {
  const noise = createStream(seed, "volume");
  const blobs = Array.from({ length: 7 }, (_, i) => {
    const angle = (2 * Math.PI * i) / 7;
    return { x: 0.25 * Math.cos(angle), y: 0.25 * Math.sin(angle), z: i === 0 ? 0.15 : 0 };
  });
  const data = new Float32Array(edge ** 3);
  for (let z = 0, i = 0; z < edge; z++)
    for (let y = 0; y < edge; y++)
      for (let x = 0; x < edge; x++, i++) {
        const at = (n: number) => (n - Math.floor(edge / 2)) / edge;
        const density = blobs.reduce(
          (sum, b) => sum + Math.exp(-((at(x) - b.x) ** 2 + (at(y) - b.y) ** 2 + (at(z) - b.z) ** 2) / 0.006),
          0,
        );
        data[i] = density + 0.05 * noise.normal();
      }
  return { data, shape: [edge, edge, edge], pixelSizeAngstrom: 192 / edge, originAngstrom: [0, 0, 0] };
}

export async function writeSyntheticRun(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const edge = 48;
  const map = syntheticVolume(edge, 1);
  await writeMap(disk.at(join(folder, "map.mrc")), map);
  await writeMap(disk.at(join(folder, "half1.mrc")), syntheticVolume(edge, 2));
  await writeMap(disk.at(join(folder, "half2.mrc")), syntheticVolume(edge, 3));
  const events: RunEvent[] = [
    ...syntheticEvents(),
    { type: "warning", time, message: "12 particles have a defocus below 0.2 µm" },
    ...syntheticEvents(1),
    ...syntheticEvents(2),
    { type: "finished", time, elapsedSeconds: 225, map: "map.mrc", finestAngstrom: 8, resolutionAngstrom: 8.1 },
  ];
  await writeFile(join(folder, "events.jsonl"), events.map((event) => `${JSON.stringify(event)}\n`).join(""));

  const noise = createStream(5, "images");
  const images = (sigma: number) =>
    Array.from({ length: 6 }, (_, view) =>
      Array.from(
        { length: edge * edge },
        (_, i) => map.data[(16 + 2 * view) * edge * edge + i]! + sigma * noise.normal(),
      ),
    );
  // Side views twice as often as others.
  const tilts = [10, 30, 50, 70, 90],
    weights = tilts.map((tilt) => (tilt === 90 ? 2 : 1));
  await writeJson(folder, "directions.json", {
    rot: tilts.map((_, i) => 40 * i),
    tilt: tilts,
    share: weights.map((weight) => weight / 6),
  });
  await writeJson(folder, "examples.json", {
    boxSize: edge,
    real: images(1),
    simulated: images(1),
    projections: images(0),
  });

  const frequency = Array.from({ length: 24 }, (_, i) => (i + 1) / 192);
  const fsc = frequency.map((f) => 1 / (1 + Math.exp((f - 0.1) / 0.012)) + 0.02 * noise.normal());
  await writeJson(folder, "fsc.json", {
    boxSize: 64,
    pixelSizeAngstrom: 3,
    finestShell: 24,
    finestAngstrom: 8,
    frequency,
    resolutionAngstrom: frequency.map((f) => 1 / f),
    fsc,
    fscMasked: fsc.map((v, i) => Math.min(1, v + 0.004 * i)),
    fscPhaseRandomised: fsc.map((v, i) => (i < 12 ? v : 0.003 * i)),
    fscCorrected: fsc.map((v, i) => Math.min(1, v + 0.002 * i)),
    randomisedFromShell: 12,
    resolutionCurve: "fscCorrected",
    resolution05Angstrom: 9.9,
    resolution0143Angstrom: 8.1,
    resolution05OrBetter: false,
    resolution0143OrBetter: false,
  });
  await writeJson(folder, "evaluation.json", { kind: "halfMaps" });
  await writeJson(folder, "spectra.json", {
    frequency,
    noisePower: frequency.map((f) => 40 * Math.exp(-f * 6)),
    signalPower: frequency.map((f) => 1e6 * Math.exp(-f * 60)),
  });
  await writeJson(folder, "config.json", {
    particlesFile: "/data/P7/<extract> & co/particles.star",
    symmetry: "C1",
    halfMaps: true,
    device: "cpu",
    seed: 1,
    critic: "likelihood-ratio",
    loss: "logistic-r1",
    used: {
      particles: 3000,
      stages: stages.map(({ kind, boxSize, iterations }) => ({ kind, maxRadius: boxSize / 2, iterations })),
    },
  });
}

async function writeJson(folder: string, name: string, value: unknown): Promise<void> {
  await writeFile(join(folder, name), JSON.stringify(value));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeSyntheticRun(process.argv[2]!);
