/**
 * cryoSPARC .cs files: numpy structured arrays in the .npy format (https://numpy.org/neps/nep-0001-npy-format.html).
 */
import { InputError } from "../base/errors.ts";
import type { DataFile } from "../base/files.ts";
import { readBytes } from "./files.ts";
import { HALF_VALUES } from "./float16.ts";
import { refuseForeign } from "./foreign.ts";

/** One column: `values` holds the rows one after the other, each of the product of `shape` values. */
export interface CsField {
  /** Shape of one row's value; [] for a scalar. */
  shape: number[];
  /**
   * Numbers and booleans (0, 1) as float64; 64-bit integers exactly; strings without padding. Read when first asked
   * for: a field that nobody uses costs nothing. @throws InputError for values of a type that cannot be read.
   */
  readonly values: CsValues;
}

export type CsValues = Float64Array | BigInt64Array | BigUint64Array | string[];

export interface CsTable {
  file: string;
  count: number;
  fields: Map<string, CsField>;
}

/**
 * @throws InputError when the file cannot be read or is no numpy structured array of numbers and fixed-width strings.
 */
export async function readCs(file: DataFile): Promise<CsTable> {
  return parseCs(await readBytes(file), file.path);
}

/** numpy itself reads headers of 10,000 bytes. */
const longestHeader = 1 << 20;

/** @param file name for messages. @throws as {@link readCs}. */
export function parseCs(bytes: Uint8Array, file: string): CsTable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const characters = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));
  if (characters(1, 6) === "CSDAT") {
    throw new InputError(`${file} is in cryoSPARC's compressed CSDAT format; export the particles as a numpy .cs file`);
  }
  refuseForeign(bytes, file);
  if (characters(0, 6) !== "\x93NUMPY" || bytes.length < 12) throw new InputError(`${file} is not a numpy .cs file`);
  // Version 1 has a 2-byte header length, versions 2 and 3 one of 4 bytes.
  const wide = bytes[6]! > 1;
  const headerStart = wide ? 12 : 10;
  const headerLength = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  const dataStart = headerStart + headerLength;
  if (dataStart > bytes.length)
    throw new InputError(`${file} is truncated: its header ends at byte ${dataStart}, the file holds ${bytes.length}`);
  if (headerLength > longestHeader)
    throw new InputError(`${file} has a header of ${headerLength} bytes, which is none of cryoSPARC's`);
  const header = parseLiteral(
    new TextDecoder(bytes[6]! > 2 ? "utf-8" : "latin1").decode(bytes.subarray(headerStart, dataStart)),
    file,
  );
  const { descr, shape } = (header ?? {}) as { descr?: Literal; shape?: Literal };
  if (!Array.isArray(descr) || !Array.isArray(shape) || shape.length !== 1 || typeof shape[0] !== "number") {
    throw new InputError(`${file} is a plain numpy array, not a table with one row per particle`);
  }
  const count = shape[0];
  const columns = descr.map((entry) => columnOf(entry, file));
  const rowBytes = columns.reduce((sum, column) => sum + column.length * column.type.bytes, 0);
  if (rowBytes === 0) throw new InputError(`${file} has no field with a value in it`);
  const expected = dataStart + count * rowBytes;
  if (!(bytes.length >= expected)) {
    throw new InputError(`${file} is truncated: ${count} rows need ${expected} bytes, the file holds ${bytes.length}`);
  }
  const fields = new Map<string, CsField>(),
    positions = new Map<string, number>();
  let offset = dataStart;
  columns.forEach(({ name, type, shape: itemShape, length }, position) => {
    const start = offset;
    offset += length * type.bytes;
    if (name === "") return; // padding
    const earlier = positions.get(name);
    if (earlier !== undefined)
      throw new InputError(`${file}: the fields ${earlier + 1} and ${position + 1} are both named ${name}; remove one`);
    positions.set(name, position);
    fields.set(
      name,
      lazyField(itemShape, () => {
        const values = type.allocate(count * length);
        const cells = cellsOf(values);
        for (let row = 0; row < count; row++) {
          for (let i = 0; i < length; i++)
            cells[row * length + i] = type.read(view, start + row * rowBytes + i * type.bytes, row);
        }
        return values;
      }),
    );
  });
  return { file, count, fields };
}

function lazyField(shape: number[], read: () => CsValues): CsField {
  let values: CsValues | undefined;
  return {
    shape,
    get values() {
      return (values ??= read());
    },
  };
}

/**
 * The table with the fields that only `passthrough` has added, its rows matched by `uid`.
 * @throws InputError when a table has no uid, or a particle is missing from the passthrough file or twice in it.
 */
export function mergePassthrough(table: CsTable, passthrough: CsTable): CsTable {
  const uids = uidsOf(table);
  const rowOf = new Map<bigint, number>();
  uidsOf(passthrough).forEach((uid, row) => {
    const earlier = rowOf.get(uid);
    if (earlier !== undefined)
      throw new InputError(
        `${passthrough.file}: rows ${earlier + 1} and ${row + 1} have the same uid ${uid}; ` +
          `it cannot be joined with ${table.file}`,
      );
    rowOf.set(uid, row);
  });
  const rows = Array.from(uids, (uid, i) => {
    const row = rowOf.get(uid);
    if (row === undefined)
      throw new InputError(
        `${table.file}: row ${i + 1} (uid ${uid}) is not in the passthrough file ${passthrough.file}`,
      );
    return row;
  });
  const fields = new Map(table.fields);
  for (const [name, field] of passthrough.fields) {
    if (!fields.has(name))
      fields.set(
        name,
        lazyField(field.shape, () => takeRows(field, rows)),
      );
  }
  return { ...table, fields };
}

/** These rows of a table, in this order. */
export function selectRows(table: CsTable, rows: ArrayLike<number>): CsTable {
  const fields = new Map(
    [...table.fields].map(([name, field]) => [name, lazyField(field.shape, () => takeRows(field, rows))]),
  );
  return { ...table, count: rows.length, fields };
}

/** cryoSPARC's names of the rows' particles, where the table has them. */
export function particleUids(table: CsTable): BigUint64Array | undefined {
  const values = table.fields.get("uid")?.values;
  return values instanceof BigInt64Array
    ? new BigUint64Array(values.buffer, values.byteOffset, values.length)
    : values instanceof BigUint64Array
      ? values
      : undefined;
}

function uidsOf(table: CsTable): BigUint64Array {
  const uids = particleUids(table);
  if (uids === undefined)
    throw new InputError(`${table.file} has no field uid; it cannot be joined with another .cs file`);
  return uids;
}

function takeRows(field: CsField, rows: ArrayLike<number>): CsValues {
  const length = field.shape.reduce((a, b) => a * b, 1);
  const result = emptyLike(field.values, rows.length * length);
  const from = cellsOf(field.values);
  const to = cellsOf(result);
  for (let i = 0; i < rows.length; i++) {
    for (let k = 0; k < length; k++) to[i * length + k] = from[rows[i]! * length + k];
  }
  return result;
}

/** The same array seen without its element type, for moving values between arrays of one kind. */
const cellsOf = (values: CsValues): Record<number, unknown> => values;

function emptyLike(values: CsValues, length: number): CsValues {
  if (Array.isArray(values)) return new Array<string>(length);
  if (values instanceof Float64Array) return new Float64Array(length);
  return values instanceof BigInt64Array ? new BigInt64Array(length) : new BigUint64Array(length);
}

/** How one numpy scalar type is laid out and read. */
interface ScalarType {
  bytes: number;
  allocate(length: number): CsValues;
  /** @param row for messages. */
  read(view: DataView, at: number, row: number): unknown;
}

interface Column {
  name: string;
  type: ScalarType;
  shape: number[];
  /** Scalars per row. */
  length: number;
}

/** Dimensions of a value of a row. */
const mostDimensions = 32;

/** A descr entry: (name, type) or (name, type, shape); the name may be a (title, name) pair. */
function columnOf(entry: Literal, file: string): Column {
  const [title, type, shape = []] = Array.isArray(entry) ? entry : [];
  const name = Array.isArray(title) ? title[1] : title;
  if (typeof name !== "string" || typeof type !== "string")
    throw new InputError(`${file}: a field has no simple name and type`);
  const dimensions = Array.isArray(shape) ? shape : [shape];
  const length = dimensions.reduce<number>((product, size) => product * (typeof size === "number" ? size : NaN), 1);
  if (!Number.isSafeInteger(length) || dimensions.length > mostDimensions)
    throw new InputError(`${file}: field ${name} has the shape ${JSON.stringify(shape)}, which cannot be`);
  return { name, type: scalarType(type, name, file), shape: dimensions as number[], length };
}

function scalarType(code: string, name: string, file: string): ScalarType {
  const [, order, kind, digits] = /^([<>|=])([biufSaUVcmM])(\d{1,9})(?:\[\w+\])?$/.exec(code) ?? [];
  const size = Number(digits);
  const little = order !== ">";
  const numbers = (read: ScalarType["read"]): ScalarType => ({
    bytes: size,
    allocate: (n) => new Float64Array(n),
    read,
  });
  switch (kind === undefined ? "" : kind + size) {
    case "b1":
    case "u1":
      return numbers((view, at) => view.getUint8(at));
    case "u2":
      return numbers((view, at) => view.getUint16(at, little));
    case "u4":
      return numbers((view, at) => view.getUint32(at, little));
    case "u8":
      return { bytes: 8, allocate: (n) => new BigUint64Array(n), read: (view, at) => view.getBigUint64(at, little) };
    case "i1":
      return numbers((view, at) => view.getInt8(at));
    case "i2":
      return numbers((view, at) => view.getInt16(at, little));
    case "i4":
      return numbers((view, at) => view.getInt32(at, little));
    case "i8":
      return { bytes: 8, allocate: (n) => new BigInt64Array(n), read: (view, at) => view.getBigInt64(at, little) };
    case "f2":
      return numbers((view, at) => HALF_VALUES[view.getUint16(at, little)]);
    case "f4":
      return numbers((view, at) => view.getFloat32(at, little));
    case "f8":
      return numbers((view, at) => view.getFloat64(at, little));
  }
  if (kind === "S" || kind === "a")
    return { bytes: size, allocate: strings, read: (view, at) => bytesString(view, at, size) };
  if (kind === "U")
    return {
      bytes: 4 * size,
      allocate: strings,
      read: (view, at, row) => codePointString(view, at, size, little, () => `${file}: row ${row + 1}: ${name}`),
    };
  // Of other types the size is known, so that what stands beside them can be read.
  const unknown: Record<string, number> = { V: size, c: size, f: size, m: 8, M: 8 };
  const bytes = kind === undefined ? undefined : unknown[kind];
  const refuse = (): never => {
    throw new InputError(
      `${file}: field ${name} has the numpy type ${code}, which cannot be read; numbers and fixed-width strings can`,
    );
  };
  return bytes === undefined ? refuse() : { bytes, allocate: refuse, read: refuse };
}

function strings(length: number): string[] {
  return new Array<string>(length);
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

function bytesString(view: DataView, at: number, size: number): string {
  while (size > 0 && view.getUint8(at + size - 1) === 0) size--;
  return utf8.decode(new Uint8Array(view.buffer, view.byteOffset + at, size));
}

function codePointString(view: DataView, at: number, size: number, little: boolean, place: () => string): string {
  while (size > 0 && view.getUint32(at + 4 * (size - 1), little) === 0) size--;
  let text = "";
  for (let i = 0; i < size; i++) {
    const code = view.getUint32(at + 4 * i, little);
    if (code > 0x10ffff) throw new InputError(`${place()} holds ${code}, which is no character`);
    text += String.fromCodePoint(code);
  }
  return text;
}

type Literal = string | number | boolean | null | Literal[] | { [key: string]: Literal };

/** The header is a dictionary with a list of tuples, some with a tuple or a pair in them. */
const deepest = 8;

/** The part of Python's literal syntax that .npy headers use: dict, list, tuple, string, integer, True, False, None. */
function parseLiteral(text: string, file: string): Literal {
  const tokens = text.match(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[{}[\](),:]|[^\s{}[\](),:]+/g) ?? [];
  let at = 0,
    depth = 0;
  const broken = () => new InputError(`${file}: the numpy header cannot be understood`);

  function items(close: string): Literal[] {
    const list: Literal[] = [];
    while (tokens[at] !== close) {
      list.push(value());
      if (tokens[at] === ",") at++;
      else if (tokens[at] !== close) throw broken();
    }
    at++;
    return list;
  }

  function dictionary(): Literal {
    const result = Object.create(null) as { [key: string]: Literal };
    while (tokens[at] !== "}") {
      const key = value();
      if (typeof key !== "string" || tokens[at++] !== ":") throw broken();
      if (Object.hasOwn(result, key)) throw new InputError(`${file}: the numpy header names ${key} twice`);
      result[key] = value();
      if (tokens[at] === ",") at++;
      else if (tokens[at] !== "}") throw broken();
    }
    at++;
    return result;
  }

  function value(): Literal {
    const token = tokens[at++];
    if (token === undefined) throw broken();
    if (token === "{" || token === "[" || token === "(") {
      if (++depth > deepest) throw broken();
      const found = token === "{" ? dictionary() : items(token === "[" ? "]" : ")");
      depth--;
      return found;
    }
    if (/^['"]/.test(token)) return token.slice(1, -1).replace(/\\(.)/g, "$1");
    if (token === "True" || token === "False") return token === "True";
    if (token === "None") return null;
    if (/^\d+L?$/.test(token)) return parseInt(token, 10);
    throw broken();
  }
  return value();
}
