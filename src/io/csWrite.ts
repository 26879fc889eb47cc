/**
 * cryoSPARC .cs files are written as numpy structured arrays, .npy format version 1.0, little-endian
 * (https://numpy.org/neps/nep-0001-npy-format.html).
 */
import type { DataFile } from "../base/files.ts";
import { writeThenRename } from "./files.ts";

/** One field of every row. */
export type CsColumn = { name: string } & (
  | {
      type: "f4" | "u4";
      /** Values of a row; absent: one, a scalar. */
      length?: number;
      value: (row: number, item: number) => number;
    }
  | { type: "u8"; value: (row: number) => bigint }
  /** UTF-8, padded with zeros to one byte more than the longest has, as by cryoSPARC. */
  | { type: "S"; value: (row: number) => string }
);

/** Rows at once. */
const block = 8192;

/** @throws InputError when the file cannot be written. */
export async function writeCs(file: DataFile, count: number, columns: readonly CsColumn[]): Promise<void> {
  const fields = columns.map((column) => layout(column, count)),
    rowBytes = fields.reduce((sum, { bytes }) => sum + bytes, 0),
    header = headerOf(fields, count);
  await writeThenRename(file, async (begun) => {
    await begun.write(header, 0);
    for (let first = 0; first < count; first += block) {
      const rows = Math.min(block, count - first),
        bytes = new Uint8Array(rows * rowBytes),
        view = new DataView(bytes.buffer);
      for (let row = 0, at = 0; row < rows; row++)
        for (const field of fields) {
          field.put(view, at, first + row);
          at += field.bytes;
        }
      await begun.write(bytes, header.length + first * rowBytes);
    }
  });
}

interface Field {
  /** As the header names it: ('blob/shape', '<u4', (2,)). */
  description: string;
  bytes: number;
  put: (view: DataView, at: number, row: number) => void;
}

function layout(column: CsColumn, count: number): Field {
  const described = (type: string, shape = "") => `('${column.name}', '${type}'${shape})`;
  if (column.type === "S") return stringField(described, column.value, count);
  if (column.type === "u8") {
    const { value } = column;
    return {
      description: described("<u8"),
      bytes: 8,
      put: (view, at, row) => view.setBigUint64(at, value(row), true),
    };
  }
  const { type, length, value } = column;
  const set = type === "f4" ? DataView.prototype.setFloat32 : DataView.prototype.setUint32;
  return {
    description: described(`<${type}`, length === undefined ? "" : `, (${length},)`),
    bytes: 4 * (length ?? 1),
    put: (view, at, row) => {
      for (let item = 0; item < (length ?? 1); item++) set.call(view, at + 4 * item, value(row, item), true);
    },
  };
}

function stringField(described: (type: string) => string, value: (row: number) => string, count: number): Field {
  const encoder = new TextEncoder(),
    encoded = new Map<string, Uint8Array>();
  for (let row = 0; row < count; row++) {
    const text = value(row);
    if (!encoded.has(text)) encoded.set(text, encoder.encode(text));
  }
  const bytes = 1 + [...encoded.values()].reduce((most, { length }) => Math.max(most, length), 0);
  return {
    description: described(`|S${bytes}`),
    bytes,
    put: (view, at, row) => new Uint8Array(view.buffer, at, bytes).set(encoded.get(value(row))!),
  };
}

/** numpy begins the data at a multiple of 64 bytes. */
const alignment = 64;

function headerOf(fields: readonly Field[], count: number): Uint8Array {
  const list = fields.map(({ description }) => description).join(", "),
    dictionary = `{'descr': [${list}], 'fortran_order': False, 'shape': (${count},), }`;
  const before = 10, // magic string, version, length of what follows
    total = Math.ceil((before + dictionary.length + 1) / alignment) * alignment,
    bytes = new Uint8Array(total);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]); // \x93NUMPY, 1.0
  new DataView(bytes.buffer).setUint16(8, total - before, true);
  bytes.set(new TextEncoder().encode(`${dictionary.padEnd(total - before - 1)}\n`), before);
  return bytes;
}
