import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../../base/errors.ts";
import { formatDuration, formatResolution } from "../../base/format.ts";
import { shellCommand } from "../../base/shellCommand.ts";
import { compareHands } from "../../evaluate/hands.ts";
import { disk } from "../../io/disk.ts";
import { nodeHost } from "../../reconstruct/run/nodeHost.ts";
import { type RunResult, reconstruct } from "../../reconstruct/run/run.ts";
import { verdictText } from "../../reconstruct/verdict/verdict.ts";
import { writeComparison } from "../comparisonFiles.ts";
import { dataFile } from "../dataFile.ts";
import { parseReconstructCommand } from "../options/reconstruct.ts";
import { print, printJson } from "../print.ts";
import type { Services } from "../services.ts";
import { type Run, runWithProgress } from "./reconstruct.ts";

/** 20 to 11.4 Å in the box of 240 Å, where apoferritin has its helices: coarser it is a smooth shell. */
const shells = [12, 21] as const;

/**
 * Real particles, apoferritin, to a map, and how well it agrees with the known structure.
 *
 * @param data folder with particles.star and reference.mrc
 * @param run  what reconstructs
 * @throws {InputError} where the data are not there, before anything is written
 * @throws Interrupted after Ctrl-C or another signal to stop
 */
export async function demoReal(
  out: string,
  json: boolean,
  { writeReport }: Pick<Services, "writeReport">,
  data: string = dataFile("apoferritin"),
  run: Run<RunResult> = (...given) => reconstruct(nodeHost, ...given),
): Promise<void> {
  const particlesFile = join(data, "particles.star");
  if (!existsSync(particlesFile))
    throw new InputError(
      `${particlesFile} is not there: the npm package is without these 15 MB; they are in the folder ` +
        "data/apoferritin of the program's source repository, where npm run demo -- --real runs this demo",
    );
  const start = performance.now();
  const folder = join(out, "run");
  const say = (text: string) => void (json || process.stderr.write(`${text}\n`));

  say("1/2 reconstructing 2,365 particles of apoferritin (EMPIAR-10146)");
  const options = parseReconstructCommand({ particlesFile, out: folder, symmetry: "O", overwrite: true, json });
  const { verdict } = await runWithProgress(
    options,
    run,
    `stopped; start again with: ${shellCommand(["cryogan", "demo", "--real", "--out", out])}`,
  );

  say("2/2 comparing the map with the known structure (PDB 4Y08)");
  const compared = await compareHands(disk.at(join(folder, "map.mrc")), disk.at(join(data, "reference.mrc")), shells);
  await writeComparison(folder, compared.report, "FSC of map and known structure", compared.map);
  const page = await writeReport(folder);

  const { resolution05Angstrom, resolution05OrBetter } = compared.report.fsc;
  const elapsedSeconds = (performance.now() - start) / 1000;
  const { meanFsc, mirrored } = compared;
  const result = { meanFsc, shells, mirrored, resolution05Angstrom, resolution05OrBetter, verdict, elapsedSeconds };
  if (json) return printJson({ type: "demo", ...result, report: page });
  const resolution =
    resolution05Angstrom === null ? "not reached" : formatResolution(resolution05Angstrom, resolution05OrBetter);
  print(
    `mean FSC ${meanFsc.toFixed(2)} with the known structure over 20 to 11.4 Å (shells 12 to 21), nothing searched ` +
      `but the hand (${mirrored ? "mirrored" : "as it came"})\n` +
      `FSC 0.5: ${resolution}; ${formatDuration(elapsedSeconds)} altogether\nreport: ${page}\n` +
      `verdict, which knows nothing of that structure: ${verdictText(verdict)}`,
  );
}
