/** Every reader with three hundred spoilt files, always the same: a value, or one line that names the file. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOf, inputsOf } from "./inputs.ts";
import { outcomeOf } from "./outcome.ts";
import { readers } from "./readers.ts";

describe.each(readers)("$name", (reader) => {
  test("files as they should be are read", async () => {
    const outcomes = await Promise.all(reader.seeds.map((seed) => outcomeOf(reader, seed)));
    expect(outcomes.filter(({ kind }) => kind === "broken" || kind === "nonsense")).toEqual([]);
    // Those that come after it name stacks that are not there; a group file holds no particles.
    expect(outcomes[0]!.kind).toBe(reader.file.endsWith(".csg") ? "refused" : "read");
  });

  test("300 spoilt ones end in a value or in one line", async () => {
    await fc.assert(
      fc.asyncProperty(inputsOf(reader), async (input) => {
        const outcome = await outcomeOf(reader, bytesOf(input, reader));
        if (outcome.kind === "broken") throw outcome.error;
        expect(outcome.kind === "nonsense" ? outcome.what : undefined).toBeUndefined();
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});
