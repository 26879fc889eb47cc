/** Where the particles of a molecule that moves are along its components, as particles.star of a run tells. */
import { columnIndex, parseStar, type StarBlock } from "../io/star.ts";
import { mostComponents } from "./options.ts";
import { allRows, numberIn, starOfRows, tableWith } from "./particleRows.ts";

/** Name of the column with z. @param j the component, from 0 */
export const motionColumn = (j: number): string => `cryoganMotion${j + 1}`;

/** A part of the way along a component, both ends included. */
export interface Range {
  low: number;
  high: number;
}

export const isWithin = (z: number, { low, high }: Range): boolean => z >= low && z <= high;

/**
 * z of all particles along each component.
 * @param file name for messages. @throws InputError where the file is none of a run with `--motion`
 */
export function readPlaces(text: string, file: string): Float32Array[] {
  const table = particleTable(parseStar(text, file), file);
  return columnsOf(table, file).map((column) =>
    Float32Array.from(allRows(table), (row) => placeIn(table, row, column, file)),
  );
}

/**
 * The text of a STAR file of the particles that are in all of the ranges, with all else that is told of them.
 * @param ranges by component, from 0. @throws InputError where the file is none of a run with `--motion`
 */
export function particlesWithin(text: string, file: string, ranges: ReadonlyMap<number, Range>): string {
  const blocks = parseStar(text, file),
    table = particleTable(blocks, file),
    columns = columnsOf(table, file),
    chosen = allRows(table).filter((row) =>
      [...ranges].every(([j, range]) => isWithin(placeIn(table, row, columns[j]!, file), range)),
    );
  return starOfRows(blocks, table, chosen);
}

const particleTable = (blocks: readonly StarBlock[], file: string): StarBlock =>
  tableWith(blocks, motionColumn(0), file, "a run with --motion");

const columnsOf = (table: StarBlock, file: string): number[] =>
  Array.from({ length: mostComponents }, (_, j) => columnIndex(table, motionColumn(j), file)).filter(
    (column) => column !== undefined,
  );

/** As 32-bit number, so that all who ask compare the same. */
const placeIn = (table: StarBlock, row: number, column: number, file: string): number =>
  Math.fround(numberIn(table, row, column, file));
