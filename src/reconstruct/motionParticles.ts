/** Where the particles of a molecule that moves are along its components, as particles.star of a run tells. */
import { InputError } from "../base/errors.ts";
import { columnIndex, onlyBlock, parseStar, type StarBlock, writeStar } from "../io/star.ts";
import { mostComponents } from "./options.ts";

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
  return writeStar(
    blocks.map((block) => ({
      name: block.name,
      columns: block.columns,
      rows: rowsOf(block, block === table ? chosen : allRows(block)),
    })),
  );
}

function particleTable(blocks: readonly StarBlock[], file: string): StarBlock {
  const table = onlyBlock(blocks, ({ columns }) => columns.includes(motionColumn(0)), file);
  if (!table) throw new InputError(`${file} has no column _${motionColumn(0)}; a run with --motion writes one`);
  return table;
}

const columnsOf = (table: StarBlock, file: string): number[] =>
  Array.from({ length: mostComponents }, (_, j) => columnIndex(table, motionColumn(j), file)).filter(
    (column) => column !== undefined,
  );

/** As 32-bit number, so that all who ask compare the same. */
function placeIn(table: StarBlock, row: number, column: number, file: string): number {
  const value = table.value(row, column),
    z = Math.fround(Number(value));
  if (value === "" || !Number.isFinite(z))
    throw new InputError(
      `${file}: row ${row + 1} (line ${table.line(row)}): _${table.columns[column]} is "${value}", not a number`,
    );
  return z;
}

const allRows = ({ rowCount }: StarBlock): number[] => Array.from({ length: rowCount }, (_, row) => row);

function* rowsOf(block: StarBlock, rows: readonly number[]): Iterable<string[]> {
  for (const row of rows) yield block.columns.map((_, column) => block.value(row, column));
}
