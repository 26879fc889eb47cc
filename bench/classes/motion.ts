/** How right the motion that a run found is, by the true place of each image on its course. */
import { join } from "node:path";
import { evaluateAgainstReference } from "../../src/evaluate/evaluate.ts";
import { disk } from "../../src/io/disk.ts";
import { readText } from "../../src/io/files.ts";
import { readMap } from "../../src/io/mrc.ts";
import { parseStar } from "../../src/io/star.ts";
import type { MotionResult } from "../../src/reconstruct/folder/events.ts";
import { goodShells } from "../table.ts";

/** Spearman's rank correlation of two lists, equal values with their mean rank. */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [x, y] = [ranks(a), ranks(b)] as const,
    middle = (x.length - 1) / 2;
  let xy = 0,
    xx = 0,
    yy = 0;
  x.forEach((rank, i) => {
    const [u, v] = [rank - middle, y[i]! - middle];
    xy += u * v;
    xx += u * u;
    yy += v * v;
  });
  return xy / Math.sqrt(xx * yy);
}

function ranks(values: ArrayLike<number>): number[] {
  const order = Array.from(values, (value, i) => ({ value, i })).sort((a, b) => a.value - b.value),
    out = new Array<number>(order.length);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && order[end]!.value === order[start]!.value) end++;
    for (let k = start; k < end; k++) out[order[k]!.i] = (start + end - 1) / 2;
    start = end;
  }
  return out;
}

export interface MotionScore {
  /** |ρ| of z along the first component with the true places. */
  spearman: number;
  /** Of five maps along it: the true place of the particles about it, and the last shell up to which FSC is 0.5. */
  maps: { place: number; shell: number }[];
}

/** So many of the maps are compared, evenly along the series. */
const compared = 5;
/** The place of a map is the median of this share of the particles, those nearest in z. */
const nearestShare = 0.02;

/**
 * @param data   folder of the images, from `writeMixture`
 * @param out    of the run
 * @param truth  number of the structure of each image, from 1
 * @param course where each structure is
 */
export async function scoreMotion(
  data: string,
  out: string,
  motion: MotionResult,
  truth: readonly number[],
  course: readonly number[],
): Promise<MotionScore> {
  const file = disk.at(join(out, "particles.star")),
    table = parseStar(await readText(file), file.path).find(({ name }) => name === "particles")!,
    column = table.columns.indexOf("cryoganMotion1"),
    z = Array.from({ length: table.rowCount }, (_, row) => Number(table.value(row, column))),
    places = truth.map((number) => course[number - 1]!);
  const [{ series }] = motion.components as [MotionResult["components"][number]],
    maps: MotionScore["maps"] = [];
  for (let i = 0; i < compared; i++) {
    const { map, z: at } = series[Math.round((i * (series.length - 1)) / (compared - 1))]!;
    const nearest = places
      .map((place, p) => ({ place, off: Math.abs(z[p]! - at) }))
      .sort((a, b) => a.off - b.off)
      .slice(0, Math.ceil(nearestShare * places.length))
      .map(({ place }) => place)
      .sort((a, b) => a - b);
    const place = nearest[nearest.length >> 1]!,
      number = 1 + course.indexOf(place);
    maps.push({ place, shell: await goodShellsOf(out, map, data, number) });
  }
  return { spearman: Math.abs(spearman(z, places)), maps };
}

/** Last shell up to which the FSC of a map of a run with a structure, by its number, is 0.5. */
export async function goodShellsOf(out: string, map: string, data: string, number: number): Promise<number> {
  const { report } = await evaluateAgainstReference(
    await readMap(disk.at(join(out, map))),
    disk.at(join(data, `truth${number}.mrc`)),
    { mask: "none" },
  );
  return goodShells(report.fsc.fsc);
}
