import { shellCorrelation } from "../../src/evaluate/fsc.ts";
import { spectrumOf } from "../../src/evaluate/shells.ts";
import { disk } from "../../src/io/disk.ts";
import { readMap } from "../../src/io/mrc.ts";

/** Root mean square difference over root mean square. */
export function relativeDifference(a: Float32Array, b: Float32Array): number {
  const power = (values: Float32Array): number => values.reduce((sum, value) => sum + value ** 2, 0);
  return Math.sqrt(power(a.map((value, i) => value - b[i]!)) / power(b));
}

/** Least FSC of two maps, as they lie, over the shells from 1 on. @param one, other paths */
export async function likeness(one: string, other: string, shells: number): Promise<number> {
  const [a, b] = await Promise.all([one, other].map(async (path) => spectrumOf(await readMap(disk.at(path)))));
  return Math.min(...shellCorrelation(a!, b!).slice(0, shells));
}
