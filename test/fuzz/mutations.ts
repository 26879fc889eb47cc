/** Ways in which files are spoilt: by disks and transfers, by programs that write almost the format, and on purpose. */
import fc from "fast-check";

/** A change of a file's bytes, as plain data, so that what failed can be shown and done again. */
export type Mutation =
  | { kind: "flip"; at: number; bit: number }
  | { kind: "byte"; at: number; value: number }
  | { kind: "cut"; at: number }
  | { kind: "remove"; at: number; length: number }
  | { kind: "repeat"; at: number; length: number; times: number }
  | { kind: "swap"; at: number; other: number; length: number }
  | { kind: "word"; at: number; word: string }
  | { kind: "integer"; at: number; value: number }
  | { kind: "float"; at: number; value: number };

/** What stands in files in the place of a number or a name. */
const words = [
  ..."0 -1 1e30 1e-30 1e999 NaN nan inf -inf 0x10 4294967297 2147483648 99999999999999999999 1.5 - . ? * ** []".split(
    " ",
  ),
  "",
  " ",
  "\n",
  "\r\n",
  "\t",
  "\0",
  "\x1b[31m",
  "\u202e",
  "'",
  '"',
  "#",
  "@",
  "/dev/zero",
  "../../../etc/passwd",
  "1@/dev/zero",
  "data_",
  "data_particles",
  "loop_",
  "_rlnImageName #1",
  "_rlnOpticsGroup",
  "_atom_site.id",
  ";",
  "__proto__",
  "constructor",
  "{",
  "[",
  "(",
  "}",
  "null",
  "{}",
  "x".repeat(5000),
  "(".repeat(5000),
  "[".repeat(5000),
];
const integers = [0, 1, -1, 2, 3, 4, 6, 12, 255, 256, 65535, 65536, 2 ** 24, 2 ** 28, 2 ** 31 - 1, -(2 ** 31)];
const floats = [0, -0, 1, -1, NaN, Infinity, -Infinity, 1e30, -1e30, 1e-30, 3.4e38, 1e-40];

/** Uniform, which fc.double is not: of all doubles from 0 to 1 most are next to 0. */
const share = fc.nat(1_000_000).map((millionths) => millionths / 1_000_000);
/** A place as a share of the file: anywhere, or near its beginning, where headers are. */
const place = fc.oneof({ weight: 3, arbitrary: share }, { weight: 2, arbitrary: share.map((x) => x ** 6) });
const length = fc.nat(400);

export const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant("flip" as const), at: place, bit: fc.nat(7) }),
  fc.record({ kind: fc.constant("byte" as const), at: place, value: fc.nat(255) }),
  fc.record({ kind: fc.constant("cut" as const), at: place }),
  fc.record({ kind: fc.constant("remove" as const), at: place, length }),
  fc.record({ kind: fc.constant("repeat" as const), at: place, length, times: fc.integer({ min: 1, max: 50 }) }),
  fc.record({ kind: fc.constant("swap" as const), at: place, other: place, length }),
  fc.record({ kind: fc.constant("word" as const), at: place, word: fc.constantFrom(...words) }),
  fc.record({ kind: fc.constant("integer" as const), at: place, value: fc.constantFrom(...integers) }),
  fc.record({ kind: fc.constant("float" as const), at: place, value: fc.constantFrom(...floats) }),
);

export function mutated(bytes: Uint8Array, mutations: readonly Mutation[]): Uint8Array {
  return mutations.reduce(change, bytes);
}

function change(bytes: Uint8Array, mutation: Mutation): Uint8Array {
  const at = Math.min(bytes.length, Math.floor(mutation.at * bytes.length));
  const spliced = (removed: number, ...parts: Uint8Array[]): Uint8Array =>
    Buffer.concat([bytes.subarray(0, at), ...parts, bytes.subarray(at + removed)]);
  const copy = new Uint8Array(bytes);
  const view = new DataView(copy.buffer);
  const aligned = Math.floor(at / 4) * 4;
  switch (mutation.kind) {
    case "flip":
      if (at < copy.length) copy[at]! ^= 1 << mutation.bit;
      return copy;
    case "byte":
      if (at < copy.length) copy[at] = mutation.value;
      return copy;
    case "cut":
      return bytes.subarray(0, at);
    case "remove":
      return spliced(mutation.length);
    case "repeat": {
      const part = bytes.subarray(at, at + mutation.length);
      return spliced(0, ...Array.from({ length: mutation.times }, () => part));
    }
    case "swap": {
      const other = Math.floor(mutation.other * bytes.length);
      const [a, b] = [bytes.slice(at, at + mutation.length), bytes.slice(other, other + mutation.length)];
      copy.set(b.subarray(0, copy.length - at), at);
      copy.set(a.subarray(0, copy.length - other), other);
      return copy;
    }
    case "word":
      return spliced(wordLength(bytes, at), new TextEncoder().encode(mutation.word));
    case "integer":
      if (aligned + 4 <= copy.length) view.setInt32(aligned, mutation.value, true);
      return copy;
    case "float":
      if (aligned + 4 <= copy.length) view.setFloat32(aligned, mutation.value, true);
      return copy;
  }
}

/** Bytes up to the next blank, comma or colon: what is replaced is one value. */
function wordLength(bytes: Uint8Array, at: number): number {
  let end = at;
  while (end < bytes.length && end - at < 100 && !" \n\t,:)]".includes(String.fromCharCode(bytes[end]!))) end++;
  return end - at;
}
