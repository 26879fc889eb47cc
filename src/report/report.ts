import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { toChartData } from "../charts/charts.ts";
import { disk } from "../io/disk.ts";
import { writeFileAtomic } from "../io/files.ts";
import { partReader, readRunFolder } from "../reconstruct/folder/runFolder.ts";
import { readRunMotion } from "../reconstruct/folder/runMotion.ts";
import { renderPage } from "./page.ts";
import { runSections } from "./sections.ts";

/**
 * Draw `report.html` of a run folder from the files it holds now; the page needs nothing else, no network either.
 * @returns the path of the report
 * @throws InputError when `folder` is no run folder or cannot be written
 */
export async function writeReport(folder: string): Promise<string> {
  const run = await readRunFolder(disk, folder),
    motion = await readRunMotion(run.events, partReader(disk, folder, run.problems));
  const { title, body, charts } = runSections(run, motion);
  const require = createRequire(import.meta.url);
  const [uplotScript, uplotStyle] = await Promise.all(
    ["uplot/dist/uPlot.iife.min.js", "uplot/dist/uPlot.min.css"].map((name) => readFile(require.resolve(name), "utf8")),
  );
  const html = renderPage({
    title,
    body,
    charts: charts.map(toChartData),
    uplotScript: uplotScript!,
    uplotStyle: uplotStyle!,
  });
  const path = join(folder, "report.html");
  await writeFileAtomic(disk.at(path), html);
  return path;
}
