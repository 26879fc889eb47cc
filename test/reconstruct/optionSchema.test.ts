import { describe, expect, test } from "vitest";
import { methodAsked } from "../../src/reconstruct/method.ts";
import { parseReconstructOptions, reconstructSchema } from "../../src/reconstruct/optionSchema.ts";
import { asTyped, labelOf, type OptionKey, optionEntries, withDefaults } from "../../src/reconstruct/options.ts";
import { FormError } from "../../src/web/live/source.ts";
import { formProblems } from "../../src/web/page/form/validate.ts";
import { argumentsOfForm } from "../../src/web/server/arguments.ts";

const given = { particlesFile: "/p.star", out: "o" };

/** What the command line, the form of the page and the server say of one value. */
function complaints(key: string, value: string): (string | undefined)[] {
  const complaint = (run: () => unknown): string | undefined => {
    try {
      run();
      return undefined;
    } catch (error) {
      return error instanceof FormError
        ? error.fields[key]
        : (error as Error).message.replace(`${labelOf(key as OptionKey)}: `, "");
    }
  };
  return [
    complaint(() => parseReconstructOptions({ ...given, [key]: value })),
    formProblems({ ...given, [key]: value })[key],
    complaint(() => argumentsOfForm({ particlesFile: "/p.star", [key]: value }, "o")),
  ];
}

/** Those that take numbers or durations. */
const numeric = optionEntries.flatMap(([key, option]) =>
  option.given !== "flag" && [option.value.read("10"), option.value.read("10s")].includes(10 as never) ? [key] : [],
);

test("the options that take numbers are found", () => {
  expect(numeric.sort()).toEqual(
    [
      "box",
      "cache",
      "checkpointEvery",
      "classes",
      "maskDiameter",
      "maxShift",
      "particles",
      "pixelSize",
      "repeats",
      "resolution",
    ].concat("seed", "startResolution", "threads", "timeLimit"),
  );
});

describe.each(numeric)("%s is bounded, on the command line, in the form and at the server alike", (key) => {
  test.each(["1e300", "1000000000000", "-1", "-1e-9", "NaN", "Infinity", "1e999", "9999999h", "0x10", "١"])(
    "%s",
    (value) => {
      const [first, ...others] = complaints(key, value);
      expect(first).toMatch(/^expected .*, got "/);
      expect(others).toEqual([first, first]);
    },
  );
});

test.each([
  ["threads", "100000"],
  ["cache", "1e9"],
  ["box", "100000"],
  ["box", "7"],
  ["seed", "4294967296"],
  ["seed", "1.5"],
  ["timeLimit", "1001h"],
  ["resolution", "0"],
  ["pixelSize", "1e-30"],
  ["stages", "adversarial 100000:500"],
  ["stages", "adversarial 16:500000000"],
])("--%s %s is refused everywhere", (key, value) => {
  const [first, ...others] = complaints(key, value);
  expect(first).toMatch(/^expected /);
  expect(others).toEqual([first, first]);
});

test("defaults are those that the help names", () => {
  const options = reconstructSchema.parse(given);
  expect(withDefaults(given)).toEqual(options);
  expect(options).toMatchObject({ symmetry: "C1", device: "auto", seed: 1, resume: false });
});

test("what config.json of another program, or of an attacker, holds is written as text or left out", () => {
  expect(
    asTyped({ seed: { toString: null }, symmetry: ["C2"], stages: 5, halfMaps: "yes", box: null, constructor: "x" }),
  ).toEqual({ seed: '{"toString":null}', symmetry: "C2", stages: "5", halfMaps: '"yes"' });
  const contrast = (value: unknown) => asTyped({ invertContrast: value }).invertContrast;
  expect([true, false, null, undefined, "x", 1].map(contrast)).toEqual(["yes", "no", undefined, undefined, '"x"', "1"]);
});

test("a run is refined, unless its recipe is of CryoGAN alone", () => {
  expect(methodAsked({})).toBe("refined");
  expect(methodAsked({ recipe: "paper" })).toBe("cryogan");
  expect(methodAsked({ method: "cryogan" })).toBe("cryogan");
});
