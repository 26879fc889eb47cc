import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { deserialize, serialize } from "../../src/io/serialize.ts";

test("numbers, nesting and arrays come back, those that JSON lacks and parts of larger arrays included", () => {
  const whole = Float64Array.of(1, 2, 3, 4);
  const value = {
    text: "Å",
    none: null,
    list: [1, { deep: Infinity }, -Infinity, NaN],
    flag: true,
    doubles: whole.subarray(1, 3),
    bytes: Uint8Array.of(255),
    whole: Int32Array.of(-1),
    single: Float32Array.of(1 / 3, NaN),
    empty: new Float32Array(0),
  };
  expect(deserialize(serialize(value))).toStrictEqual({ ...value, doubles: Float64Array.of(2, 3) });
});

test("the layout is the one described", () => {
  const bytes = serialize({ a: Float32Array.of(1.5), b: Int32Array.of(7) });
  const length = new DataView(bytes.buffer).getUint32(0, true),
    text = new TextDecoder().decode(bytes.subarray(4, 4 + length));
  expect(JSON.parse(text)).toEqual({
    a: { $: "Float32Array", offset: 0, length: 1 },
    b: { $: "Int32Array", offset: 8, length: 1 },
  });
  const start = Math.ceil((4 + length) / 8) * 8;
  expect(new DataView(bytes.buffer).getFloat32(start, true)).toBe(1.5);
  expect(new DataView(bytes.buffer).getInt32(start + 8, true)).toBe(7);
  expect(bytes.length).toBe(start + 12 + 4);
  const zipped = gzipSync(bytes.subarray(0, start + 12)); // ends in the same checksum, and the length
  expect(Buffer.from(bytes.subarray(start + 12))).toEqual(zipped.subarray(zipped.length - 8, zipped.length - 4));
});

test("bytes that begin anywhere in a buffer are read", () => {
  const bytes = serialize({ a: Float64Array.of(Math.PI) }),
    shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  expect(deserialize(shifted.subarray(3))).toStrictEqual({ a: Float64Array.of(Math.PI) });
  expect(deserialize(Buffer.from(shifted.buffer, 3))).toStrictEqual({ a: Float64Array.of(Math.PI) });
});

test("other kinds of arrays are refused when written", () => {
  expect(() => serialize({ a: new BigInt64Array(1) })).toThrow("BigInt64Array cannot be written");
});
