/** Inputs for a reader: files that were spoilt, text of the format's own words in any order, and mere bytes. */
import fc from "fast-check";
import { type Mutation, mutated, mutation } from "./mutations.ts";
import type { Reader } from "./readers.ts";

/** An input as plain data: a file that should be, and how it was spoilt; or words; or bytes. */
export type Input =
  | { kind: "spoilt"; seed: number; mutations: Mutation[] }
  | { kind: "words"; words: string[]; between: string }
  | { kind: "bytes"; start: number; bytes: Uint8Array };

export function inputsOf({ seeds }: Pick<Reader, "seeds">): fc.Arbitrary<Input> {
  const words = [
    ...new Set(seeds.flatMap((seed) => new TextDecoder("latin1").decode(seed.subarray(0, 4000)).split(/\s+/))),
  ];
  return fc.oneof(
    {
      weight: 7,
      arbitrary: fc.record({
        kind: fc.constant("spoilt" as const),
        seed: fc.nat(seeds.length - 1),
        // A single one leaves most of the file as it should be: the way to values that are wrong and look right.
        mutations: fc.oneof(fc.tuple(mutation), fc.array(mutation, { minLength: 2, maxLength: 4 })),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("words" as const),
        words: fc.array(fc.constantFrom(...words, "loop_", "data_", "nan", "-1", "{", "}", "[", "]", '"', "null")),
        between: fc.constantFrom(" ", "\n", ",", ""),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("bytes" as const),
        // Some of the beginning of a file, so that it is taken for one.
        start: fc.constantFrom(0, 0, 4, 8, 12, 100),
        bytes: fc.uint8Array({ maxLength: 2000 }),
      }),
    },
  );
}

export function bytesOf(input: Input, { seeds }: Pick<Reader, "seeds">): Uint8Array {
  switch (input.kind) {
    case "spoilt":
      return mutated(seeds[input.seed]!, input.mutations);
    case "words":
      return new TextEncoder().encode(input.words.join(input.between));
    case "bytes":
      return Buffer.concat([seeds[0]!.subarray(0, input.start), input.bytes]);
  }
}
