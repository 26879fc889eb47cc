import { join } from "node:path";
import type { Volume } from "../base/types.ts";
import { emdbFscXml, fscJson } from "../evaluate/emdbXml.ts";
import type { EvaluationReport } from "../evaluate/evaluate.ts";
import { disk } from "../io/disk.ts";
import { writeFileAtomic } from "../io/files.ts";
import { writeMap } from "../io/mrc.ts";

/**
 * Writes fsc.json, fsc.xml (EMDB) and evaluation.json, which a report shows, and aligned.mrc.
 * @param title of the curve, for EMDB
 * @param aligned the map as it lies on what it was compared with, where it had to be put there
 */
export async function writeComparison(
  folder: string,
  report: EvaluationReport,
  title: string,
  aligned?: Volume,
): Promise<void> {
  const file = (name: string) => disk.at(join(folder, name));
  await writeFileAtomic(file("fsc.json"), fscJson(report.fsc));
  await writeFileAtomic(file("fsc.xml"), emdbFscXml(report.fsc, title));
  await writeFileAtomic(file("evaluation.json"), JSON.stringify(report));
  if (aligned) await writeMap(file("aligned.mrc"), aligned);
}
