/**
 * The small ribosome case over several seeds: box 32, 20,000 particles, SNR 0.1 at that box, defocus 1–2.5 µm, white
 * noise, C1, blind.
 * Prints the FSC against the truth and the time of every run; asserts nothing.
 *
 *   npx tsx bench/ribosome.ts [--seeds 10] [--particles 20000] [--box 32] [--snr 0.1] [--limit seconds] [--max-shift Å]
 */

import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { simulate } from "../src/cli/actions/simulate.ts";
import { parseSimulateOptions } from "../src/cli/options/simulate.ts";
import { evaluateAgainstReference } from "../src/evaluate/evaluate.ts";
import { disk } from "../src/io/disk.ts";
import { nodeHost } from "../src/reconstruct/run/nodeHost.ts";
import { reconstruct } from "../src/reconstruct/run/run.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "10" },
    particles: { type: "string", default: "20000" },
    box: { type: "string", default: "32" },
    snr: { type: "string", default: "0.1" },
    limit: { type: "string", default: "90" },
    "max-shift": { type: "string" },
    shell: { type: "string", default: "12" },
  },
});
const folder = await mkdtemp(join(tmpdir(), "cryogan-ribosome-"));
await simulate(
  parseSimulateOptions({
    model: new URL("../data/ribosome-70s-65.mrc", import.meta.url).pathname,
    mapPixelSize: "5",
    box: values.box,
    particles: values.particles,
    snr: values.snr,
    defocusRange: "1,2.5",
    out: join(folder, "data"),
    device: "cpu",
    json: false,
  }),
);
const shell = Number(values.shell);
let reached = 0;
const times: number[] = [];
for (let seed = 1; seed <= Number(values.seeds); seed++) {
  const out = join(folder, `run-${seed}`);
  const result = await reconstruct(nodeHost, {
    particlesFile: join(folder, "data", "particles.star"),
    out,
    device: "cpu",
    seed,
    timeLimit: Number(values.limit),
    ...(values["max-shift"] === undefined ? {} : { maxShift: Number(values["max-shift"]) }),
  });
  const { report } = await evaluateAgainstReference(result.maps[0]!, disk.at(join(folder, "data", "truth.mrc")), {
    mask: "none",
  });
  const last = report.fsc.fsc.findIndex((c) => c < 0.5);
  const good = last < 0 ? report.fsc.fsc.length : last;
  if (good >= shell) reached++;
  times.push(result.elapsedSeconds);
  console.log(
    `seed ${seed}  ${result.elapsedSeconds.toFixed(1)} s  ` +
      `FSC >= 0.5 through shell ${good}  ${report.fsc.fsc.map((c) => c.toFixed(2)).join(" ")}`,
  );
}
times.sort((a, b) => a - b);
console.log(
  `shell ${shell} reached in ${reached} of ${times.length} runs; ` +
    `seconds: median ${times[times.length >> 1]!.toFixed(1)}, worst ${times.at(-1)!.toFixed(1)}`,
);
