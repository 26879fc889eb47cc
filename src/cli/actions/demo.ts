import { join } from "node:path";
import { formatDuration, formatResolution } from "../../base/format.ts";
import { shellCommand } from "../../base/shellCommand.ts";
import { evaluateAgainstReference } from "../../evaluate/evaluate.ts";
import { disk } from "../../io/disk.ts";
import { nodeHost } from "../../reconstruct/run/nodeHost.ts";
import { reconstruct } from "../../reconstruct/run/run.ts";
import { writeComparison } from "../comparisonFiles.ts";
import { dataFile } from "../dataFile.ts";
import { parseReconstructCommand } from "../options/reconstruct.ts";
import { parseSimulateOptions } from "../options/simulate.ts";
import { print, printJson } from "../print.ts";
import type { Services } from "../services.ts";
import { runWithProgress } from "./reconstruct.ts";
import { simulate } from "./simulate.ts";

/**
 * From an atomic model to a map and its resolution: what `simulate`, `reconstruct` and `evaluate` do, one after the
 * other.
 * @throws Interrupted after Ctrl-C or another signal to stop
 */
export async function demo(out: string, json: boolean, { writeReport }: Pick<Services, "writeReport">): Promise<void> {
  const start = performance.now();
  const particles = join(out, "particles"),
    run = join(out, "run");
  const say = (text: string) => void (json || process.stderr.write(`${text}\n`));

  say("1/3 simulating particles of β-galactosidase (PDB 5A1A)");
  await simulate(
    parseSimulateOptions({
      model: dataFile("5a1a.cif.gz"),
      out: particles,
      particles: 20_000,
      box: 64,
      pixelSize: 3.8,
      snr: 0.1,
      symmetricFrame: true,
      float16: true,
      defocusTable: dataFile("betagal-defocus.csv"),
      voltage: 300,
      cs: 2.7,
      amplitudeContrast: 0.07,
      json,
    }),
  );

  say("2/3 reconstructing");
  const options = parseReconstructCommand({
    particlesFile: join(particles, "particles.star"),
    out: run,
    symmetry: "D2",
    maxShift: 0,
    timeLimit: "150s",
    overwrite: true,
    json,
  });
  await runWithProgress(
    options,
    (...given) => reconstruct(nodeHost, ...given),
    `stopped; start again with: ${shellCommand(["cryogan", "demo", "--out", out])}`,
  );

  say("3/3 comparing the map with the true one");
  const { report, map } = await evaluateAgainstReference(
    disk.at(join(run, "map.mrc")),
    disk.at(join(particles, "truth.mrc")),
  );
  await writeComparison(run, report, "FSC of map and truth", map);
  const page = await writeReport(run);

  const { resolution05Angstrom, resolution05OrBetter } = report.fsc;
  const elapsedSeconds = (performance.now() - start) / 1000;
  const resolution =
    resolution05Angstrom === null
      ? "nothing resolved"
      : `resolution ${formatResolution(resolution05Angstrom, resolution05OrBetter)}`;
  const result = { type: "demo", resolution05Angstrom, resolution05OrBetter, elapsedSeconds, report: page };
  if (json) printJson(result);
  else
    print(
      `${resolution} (FSC 0.5 against the true map), in ${formatDuration(elapsedSeconds)} altogether\nreport: ${page}`,
    );
}
