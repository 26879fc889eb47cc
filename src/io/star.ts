/** STAR files as RELION and its relatives write them: blocks of label-value pairs or loops with one line per row. */
import { InputError } from "../base/errors.ts";

/**
 * One `data_` block. A block of pairs is a table of one row. Values stay in the text and are cut out when asked for.
 */
export interface StarBlock {
  /** Name without `data_`; "" for an unnamed block. */
  name: string;
  kind: "loop" | "pairs";
  /** Labels without the leading underscore, in file order; one may stand twice (see {@link columnIndex}). */
  columns: string[];
  rowCount: number;
  /** Line (from 1) of the block's heading, and of column number `column` (from 0). */
  heading: number;
  labelLine(column: number): number;
  /** Line (from 1) of row `row` (from 0). */
  line(row: number): number;
  /** Value in row `row` and column number `column`, both from 0, without its quotes. */
  value(row: number, column: number): string;
}

const TAB = 9,
  LINE_FEED = 10,
  CARRIAGE_RETURN = 13,
  SPACE = 32,
  DOUBLE_QUOTE = 34,
  HASH = 35,
  SINGLE_QUOTE = 39,
  UNDERSCORE = 95;

/**
 * Parses a STAR file in one pass.
 * Comments begin with `#` at the start of a word; blank lines mean nothing; values may be quoted.
 * @param file name for messages.
 * @throws InputError naming row and line when a row has too few or too many values or a quote stays open.
 */
export function parseStar(text: string, file: string): StarBlock[] {
  const blocks: OpenBlock[] = [];
  let block: OpenBlock | undefined;
  const words = new Int32List(); // start of each word of the line at hand
  let line = 0;

  for (let at = text.charCodeAt(0) === 0xfeff ? 1 : 0; at < text.length; ) {
    line++;
    words.length = 0;
    at = splitLine(text, at, words, file, line);
    if (words.length === 0) continue;

    const first = words.items[0]!;
    const isLabel = text.charCodeAt(first) === UNDERSCORE;
    // A row may begin with a name such as data_1.mrc; a block's heading stands alone on its line.
    if (words.length === 1 && startsWith(text, first, "data_")) {
      block = {
        name: wordAt(text, first).slice(5),
        kind: "pairs",
        heading: line,
        columns: [],
        labels: new Int32List(),
        cells: new Int32List(),
        lines: new Int32List(),
      };
      blocks.push(block);
    } else if (block === undefined) {
      throw new InputError(`${file}: line ${line} stands before any data_ block; is this a STAR file?`);
    } else if (words.length === 1 && startsWith(text, first, "loop_")) {
      if (block.columns.length > 0)
        throw new InputError(
          `${file}: line ${line}: a second table in data_${block.name}; give it a data_ block of its own`,
        );
      block.kind = "loop";
    } else if (isLabel && block.lines.length === 0 && block.kind === "loop") {
      block.columns.push(detached(wordAt(text, first).slice(1)));
      block.labels.push(line);
    } else if (isLabel && block.kind === "pairs") {
      if (words.length !== 2)
        throw new InputError(
          `${file}: line ${line}: ${wordAt(text, first)} needs one value, found ${words.length - 1}`,
        );
      block.columns.push(detached(wordAt(text, first).slice(1)));
      block.labels.push(line);
      block.cells.push(words.items[1]!);
      if (block.lines.length === 0) block.lines.push(line);
    } else if (block.kind === "loop") {
      const expected = block.columns.length;
      if (words.length !== expected) {
        throw new InputError(
          `${file}: row ${block.lines.length + 1} (line ${line}) of data_${block.name} ` +
            `has ${words.length} values, the table has ${expected} columns`,
        );
      }
      for (let i = 0; i < expected; i++) block.cells.push(words.items[i]!);
      block.lines.push(line);
    } else {
      throw new InputError(`${file}: line ${line} is neither a label (_name) nor part of a loop_`);
    }
  }
  return blocks.map((open) => closeBlock(open, text));
}

interface OpenBlock {
  name: string;
  kind: "loop" | "pairs";
  heading: number;
  columns: string[];
  /** Line of each label. */
  labels: Int32List;
  /** Where each value begins in the text, row after row. */
  cells: Int32List;
  lines: Int32List;
}

function closeBlock({ name, kind, heading, columns, labels, cells, lines }: OpenBlock, text: string): StarBlock {
  return {
    name: detached(name),
    kind,
    heading,
    columns,
    labelLine: (column) => labels.items[column]!,
    rowCount: lines.length,
    line: (row) => lines.items[row]!,
    value: (row, column) => wordAt(text, cells.items[row * columns.length + column]!),
  };
}

/**
 * The one block that fits; undefined where none does.
 * @throws InputError naming the lines of two that do: files joined with cat, of which only one table would be read.
 */
export function onlyBlock(
  blocks: readonly StarBlock[],
  fits: (block: StarBlock) => boolean,
  file: string,
): StarBlock | undefined {
  const [first, second] = blocks.filter(fits);
  if (first !== undefined && second !== undefined)
    throw new InputError(
      `${file}: data_${first.name} in line ${first.heading} and data_${second.name} in line ${second.heading} ` +
        "could both be meant; leave one, or join their rows into one table",
    );
  return first;
}

/**
 * Which column has this label; undefined where none does.
 * @throws InputError naming the lines where it stands twice.
 */
export function columnIndex({ columns, labelLine }: StarBlock, label: string, file: string): number | undefined {
  const index = columns.indexOf(label);
  if (index < 0) return undefined;
  const again = columns.indexOf(label, index + 1);
  if (again >= 0)
    throw new InputError(
      `${file}: the column _${label} stands twice, in lines ${labelLine(index)} and ${labelLine(again)}; remove one`,
    );
  return index;
}

/** Collects the starts of the words of the line beginning at `at`; returns where the next line begins. */
function splitLine(text: string, at: number, words: Int32List, file: string, line: number): number {
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === LINE_FEED) return at + 1;
    if (isBlank(code)) at++;
    else if (code === HASH) return lineEnd(text, at);
    else {
      words.push(at);
      at = wordEnd(text, at);
      if (at < 0) throw new InputError(`${file}: line ${line} has a quote that is not closed`);
    }
  }
  return at;
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end + 1;
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB || code === CARRIAGE_RETURN;
}

function isQuote(code: number): boolean {
  return code === DOUBLE_QUOTE || code === SINGLE_QUOTE;
}

/** The end of the word at `start`, its closing quote included; -1 where a quote is not closed on the line. */
function wordEnd(text: string, start: number): number {
  const quote = text.charCodeAt(start);
  let at = start + 1;
  if (!isQuote(quote)) {
    while (at < text.length && text.charCodeAt(at) !== LINE_FEED && !isBlank(text.charCodeAt(at))) at++;
    return at;
  }
  for (; at < text.length && text.charCodeAt(at) !== LINE_FEED; at++) {
    // A quote closes only at the end of a word: 'the 5' end' is one value.
    if (text.charCodeAt(at) !== quote) continue;
    const next = text.charCodeAt(at + 1);
    if (Number.isNaN(next) || next === LINE_FEED || isBlank(next)) return at + 1;
  }
  return -1;
}

function wordAt(text: string, start: number): string {
  const end = wordEnd(text, start);
  return isQuote(text.charCodeAt(start)) ? text.slice(start + 1, end - 1) : text.slice(start, end);
}

function startsWith(text: string, at: number, word: string): boolean {
  return text.slice(at, at + word.length).toLowerCase() === word;
}

const encoder = new TextEncoder(),
  decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A copy that does not keep the whole file's text in memory, as a slice of it would. */
export function detached(slice: string): string {
  return decoder.decode(encoder.encode(slice));
}

const none = new Int32Array(0);

/**
 * A growing list of integers: a table of a million rows and 26 columns as ordinary arrays of strings would take
 * gigabytes.
 */
class Int32List {
  items: Int32Array = none;
  length = 0;

  push(value: number): void {
    if (this.length === this.items.length) {
      const larger = new Int32Array(Math.max(16, 2 * this.length));
      larger.set(this.items);
      this.items = larger;
    }
    this.items[this.length++] = value;
  }
}

/** A table to be written as one loop. */
export interface StarTable {
  /** Block name without `data_`. */
  name: string;
  /** Labels without the leading underscore. */
  columns: string[];
  rows: Iterable<readonly string[]>;
}

/**
 * The text of a STAR file in RELION's layout. The comment `# version 30001` is what tells RELION that the file is of
 * version 3.1 or later.
 */
export function writeStar(tables: readonly StarTable[]): string {
  const lines: string[] = [];
  for (const { name, columns, rows } of tables) {
    lines.push("", "# version 30001", "", `data_${name}`, "", "loop_ ");
    columns.forEach((label, i) => lines.push(`_${label} #${i + 1} `));
    for (const row of rows) {
      if (row.length !== columns.length)
        throw new RangeError(`data_${name}: a row of ${row.length} values for ${columns.length} columns`);
      lines.push(row.map(quoted).join(" "));
    }
    lines.push(" ");
  }
  return `${lines.join("\n")}\n`;
}

/** @throws InputError for what no quotes can hold, and for what would end the line. */
function quoted(value: string): string {
  if (value !== "" && !/\s/.test(value) && !/^["'#_]/.test(value)) return value;
  // A quote within the value is safe unless the word could end there.
  const quote = ['"', "'"].find((mark) => !new RegExp(`${mark}\\s`).test(value));
  if (quote === undefined || /[\n\r]/.test(value))
    throw new InputError(`the name ${JSON.stringify(value)} cannot be written to a STAR file; rename it`);
  return quote + value + quote;
}
