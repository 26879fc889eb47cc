import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { formatDuration, formatResolution } from "../../base/format.ts";
import { shellCommand } from "../../base/shellCommand.ts";
import { emdbFscXml, fscJson } from "../../evaluate/emdbXml.ts";
import { evaluateAgainstReference } from "../../evaluate/evaluate.ts";
import { disk } from "../../io/disk.ts";
import { writeFileAtomic } from "../../io/files.ts";
import { writeMap } from "../../io/mrc.ts";
import { nodeHost } from "../../reconstruct/run/nodeHost.ts";
import { reconstruct } from "../../reconstruct/run/run.ts";
import { parseReconstructCommand } from "../options/reconstruct.ts";
import { parseSimulateOptions } from "../options/simulate.ts";
import { print, printJson } from "../print.ts";
import type { Services } from "../services.ts";
import { runWithProgress } from "./reconstruct.ts";
import { simulate } from "./simulate.ts";

/** A file of the data folder of this package, as seen from src/cli/actions and from dist/cli/actions. */
const dataFile = (name: string) => fileURLToPath(new URL(`../../../data/${name}`, import.meta.url));

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
  await writeFileAtomic(disk.at(join(run, "fsc.json")), fscJson(report.fsc));
  await writeFileAtomic(disk.at(join(run, "fsc.xml")), emdbFscXml(report.fsc, "FSC of map and truth"));
  await writeFileAtomic(disk.at(join(run, "evaluation.json")), JSON.stringify(report));
  await writeMap(disk.at(join(run, "aligned.mrc")), map);
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
