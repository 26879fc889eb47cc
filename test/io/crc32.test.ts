import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { crc32 } from "../../src/io/crc32.ts";

test("the check value of the standard, and what gzip writes", () => {
  expect(crc32(Buffer.from("123456789"))).toBe(0xcbf43926); // "check" of CRC-32/ISO-HDLC
  expect(crc32(new Uint8Array(0))).toBe(0);
  const bytes = Uint8Array.from({ length: 5000 }, (_, i) => (i * i + 7 * i) % 256);
  // RFC 1952: CRC-32 and length are the last eight bytes.
  for (const length of [1, 2, 255, 4999, 5000]) {
    const part = bytes.subarray(0, length),
      zipped = gzipSync(part);
    expect(crc32(part)).toBe(zipped.readUInt32LE(zipped.length - 8));
  }
});
