/** Names of the maps of a molecule that moves, in the run folder. */
import { mostComponents } from "./options.ts";

/** Of a series. */
export const mostMaps = 9;

export const meanMap = "mean.mrc";
/** @param j the component, from 0 */
export const componentMap = (j: number): string => `component${j + 1}.mrc`;
/** @param i the place along it, from 0 */
export const seriesMap = (j: number, i: number): string => `motion${j + 1}_${String(i + 1).padStart(2, "0")}.mrc`;

/** All that there may be. */
export const motionMaps: readonly string[] = [
  meanMap,
  ...Array.from({ length: mostComponents }, (_, j) => [
    componentMap(j),
    ...Array.from({ length: mostMaps }, (_, i) => seriesMap(j, i)),
  ]).flat(),
];
