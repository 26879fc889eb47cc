/** Rows of the particles.star of a run. */
import { InputError } from "../base/errors.ts";
import { onlyBlock, type StarBlock, writeStar } from "../io/star.ts";

/**
 * The table that has a column.
 * @param file   name for messages
 * @param writer what writes it
 * @throws {InputError} where there is none
 */
export function tableWith(blocks: readonly StarBlock[], column: string, file: string, writer: string): StarBlock {
  const table = onlyBlock(blocks, ({ columns }) => columns.includes(column), file);
  if (!table) throw new InputError(`${file} has no column _${column}; ${writer} writes one`);
  return table;
}

/** The number in a row of it. @throws {InputError} where there is none */
export function numberIn(table: StarBlock, row: number, column: number, file: string): number {
  const value = table.value(row, column),
    number = Number(value);
  if (value === "" || !Number.isFinite(number))
    throw new InputError(
      `${file}: row ${row + 1} (line ${table.line(row)}): _${table.columns[column]} is "${value}", not a number`,
    );
  return number;
}

export const allRows = ({ rowCount }: StarBlock): number[] => Array.from({ length: rowCount }, (_, row) => row);

/** The text of a STAR file with some rows of a table alone, and all else as it is. */
export const starOfRows = (blocks: readonly StarBlock[], table: StarBlock, rows: readonly number[]): string =>
  writeStar(
    blocks.map((block) => ({
      name: block.name,
      columns: block.columns,
      rows: rowsOf(block, block === table ? rows : allRows(block)),
    })),
  );

function* rowsOf(block: StarBlock, rows: readonly number[]): Iterable<string[]> {
  for (const row of rows) yield block.columns.map((_, column) => block.value(row, column));
}
