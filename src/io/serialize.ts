/**
 * Plain objects with typed arrays as bytes, the same in Node and in a browser: the length of a JSON text (uint32), that
 * text, the arrays one after the other, each at a multiple of 8 bytes, and the CRC-32 of all of it (uint32). What JSON
 * lacks stands in the text as { "$": … }: a typed array, or a number that is not finite.
 */
import { crc32 } from "./crc32.ts";

const arrayTypes = { Float32Array, Float64Array, Int32Array, Uint8Array };
type ArrayType = keyof typeof arrayTypes;
type TypedArray = InstanceType<(typeof arrayTypes)[ArrayType]>;
type Mark = { $: "number"; text: string } | { $: ArrayType; offset: number; length: number };

const checksumBytes = 4;
const aligned = (bytes: number): number => Math.ceil(bytes / 8) * 8;
const isTypedArray = (value: unknown): value is TypedArray =>
  ArrayBuffer.isView(value) && Object.hasOwn(arrayTypes, value.constructor.name);

/** @throws {TypeError} for a view of another kind than float32, float64, int32 or bytes */
export function serialize(value: unknown): Uint8Array<ArrayBuffer> {
  const arrays: { offset: number; values: TypedArray }[] = [];
  let size = 0;
  const text = JSON.stringify(value, (_, part: unknown): unknown => {
    if (typeof part === "number" && !Number.isFinite(part)) return { $: "number", text: String(part) } satisfies Mark;
    if (!ArrayBuffer.isView(part)) return part;
    if (!isTypedArray(part)) throw new TypeError(`${part.constructor.name} cannot be written`);
    const offset = aligned(size);
    arrays.push({ offset, values: part });
    size = offset + part.byteLength;
    return { $: part.constructor.name as ArrayType, offset, length: part.length } satisfies Mark;
  });
  const head = new TextEncoder().encode(text);
  const start = aligned(4 + head.length);
  const bytes = new Uint8Array(start + size + checksumBytes),
    view = new DataView(bytes.buffer);
  view.setUint32(0, head.length, true);
  bytes.set(head, 4);
  for (const { offset, values } of arrays)
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), start + offset);
  view.setUint32(start + size, crc32(bytes.subarray(0, start + size)), true);
  return bytes;
}

/** @throws {Error} if the bytes are not what `serialize` made: cut short, or changed in any bit */
export function deserialize(bytes: Uint8Array): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    end = bytes.length - checksumBytes;
  const length = view.getUint32(0, true);
  if (view.getUint32(end, true) !== crc32(bytes.subarray(0, end))) throw new RangeError("the checksum does not fit");
  const start = aligned(4 + length);
  return JSON.parse(
    new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(4, 4 + length)),
    (_, part: unknown): unknown => {
      if (typeof part !== "object" || part === null || !("$" in part)) return part;
      const mark = part as Mark;
      if (mark.$ === "number") return Number(mark.text);
      const Type = arrayTypes[mark.$],
        from = start + mark.offset,
        to = from + mark.length * Type.BYTES_PER_ELEMENT;
      if (to > end) throw new RangeError("cut short");
      // a copy, also where the bytes are a Buffer, whose slice is none
      return new Type(new Uint8Array(bytes.subarray(from, to)).buffer);
    },
  );
}
