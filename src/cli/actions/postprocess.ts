import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../../base/errors.ts";
import { formatNumber, formatResolution, formatTable } from "../../base/format.ts";
import type { Volume } from "../../base/types.ts";
import { meanOf } from "../../evaluate/evaluate.ts";
import { automaticMask } from "../../evaluate/mask.ts";
import { type PostprocessReport, postprocess } from "../../evaluate/postprocess.ts";
import { cubeEdge } from "../../evaluate/shells.ts";
import { disk } from "../../io/disk.ts";
import { writeFileAtomic } from "../../io/files.ts";
import { maskOnGrid, readMask } from "../../io/maskFile.ts";
import { readMap, writeMap } from "../../io/mrc.ts";
import { mapOptions } from "../mapOptions.ts";
import type { PostprocessCommandOptions } from "../options/postprocess.ts";
import { print, printJson } from "../print.ts";

/** Sharpen a map, write it, its masked version and a JSON file beside, and print what was done. */
export async function postprocessMap(options: PostprocessCommandOptions): Promise<void> {
  const files = inputFiles(options);
  const read = (path: string) => readMap(disk.at(path), mapOptions(options.mapPixelSize));
  const halves = files.halves && ([await read(files.halves[0]), await read(files.halves[1])] as const);
  const map = files.map === undefined ? meanOf(...halves!) : await read(files.map);
  for (const [volume, name] of [
    [map, files.map],
    [halves?.[0], files.halves?.[0]],
    [halves?.[1], files.halves?.[1]],
  ] as const)
    if (volume) requireGridOf(map, volume, name);
  const around = halves ? meanOf(...halves) : map;
  const mask = await maskFor(options.mask, files.density === undefined ? around : await read(files.density));
  const result = postprocess(map, halves && [...halves], {
    mask,
    bFactorAngstrom2: options.bFactorAngstrom2,
    lowPassAngstrom: options.lowPassAngstrom,
  });

  const stem = options.out.replace(/\.(mrc|map)$/i, "");
  await writeMap(disk.at(options.out), result.map, "cryogan postprocess");
  if (result.masked) await writeMap(disk.at(`${stem}_masked.mrc`), result.masked, "cryogan postprocess, masked");
  const summary = {
    map: files.map ?? null,
    halves: files.halves ?? null,
    mask: options.mask,
    out: options.out,
    ...result.report,
  };
  await writeFileAtomic(disk.at(`${stem}.json`), `${JSON.stringify(summary, rounded, 1)}\n`);
  if (options.json) printJson(JSON.parse(JSON.stringify(summary, rounded)));
  else print(postprocessText(options.out, result.report));
}

const rounded = (_key: string, value: unknown) => (typeof value === "number" ? Number(value.toPrecision(6)) : value);

interface InputFiles {
  map?: string;
  halves?: [string, string];
  /** What an automatic mask is made around; default: the mean of the half-maps, or the map. */
  density?: string;
}

/** The maps to read. Of a run folder: its unmasked half-maps, and their mean; without half-maps its map. */
function inputFiles({ map, halves }: PostprocessCommandOptions): InputFiles {
  if (map === undefined || !existsSync(map) || !statSync(map).isDirectory()) return { map, halves };
  if (!existsSync(join(map, "map.mrc"))) throw new InputError(`${map} holds no map.mrc; give a run folder or a map`);
  const found: [string, string] = [join(map, "half1_unmasked.mrc"), join(map, "half2_unmasked.mrc")];
  if (found.every((file) => existsSync(file)) && !halves) return { halves: found, density: join(map, "map.mrc") };
  return { map: join(map, "map.mrc"), halves };
}

function requireGridOf(map: Volume, other: Volume, name = "the half-map"): void {
  cubeEdge(other, name);
  const same = other.shape[0] === map.shape[0] && Math.abs(other.pixelSizeAngstrom / map.pixelSizeAngstrom - 1) < 1e-3;
  if (!same)
    throw new InputError(
      `${name} has ${other.shape[0]} voxels of ${other.pixelSizeAngstrom} Å, ` +
        `the map ${map.shape[0]} of ${map.pixelSizeAngstrom} Å: resample one (cryogan resample)`,
    );
}

async function maskFor(mask: string, density: Volume): Promise<Volume | undefined> {
  if (mask === "none") return undefined;
  if (mask === "auto") return automaticMask(density);
  return { ...density, data: maskOnGrid(await readMask(disk.at(mask)), density.shape[0], density.pixelSizeAngstrom) };
}

function postprocessText(
  out: string,
  {
    resolutionAngstrom,
    resolutionOrBetter,
    lowPassAngstrom,
    bFactorAngstrom2,
    bFactorNote,
    guinier: { fit },
  }: PostprocessReport,
): string {
  const fitted = fit
    ? ` (fitted from ${fit.fromAngstrom} to ${formatNumber(fit.toAngstrom)} Å, ` +
      `correlation ${formatNumber(fit.correlation)})`
    : "";
  return formatTable([
    ...(resolutionAngstrom === null
      ? []
      : [["Resolution at 0.143", formatResolution(resolutionAngstrom, resolutionOrBetter, "the half-maps end")]]),
    ["B-factor", `${formatNumber(bFactorAngstrom2)} Å²${fitted}`],
    ...(bFactorNote === undefined ? [] : [["", bFactorNote]]),
    ["Low-pass filter", `${formatNumber(lowPassAngstrom)} Å`],
    ["Map", out],
  ]);
}
