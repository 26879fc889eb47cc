import { expect, test } from "vitest";
import { reconstructSchema } from "../../../src/reconstruct/optionSchema.ts";
import { fields } from "../../../src/web/page/form/fields.ts";
import { filledIn, formProblems, problemsOfGiven } from "../../../src/web/page/form/validate.ts";

test("the form has the options of the command line, by their names and units", () => {
  const of = (name: string) => fields.find((field) => field.name === name)!;
  expect(of("particlesFile")).toMatchObject({ label: "particles-file", required: true, flag: false });
  expect(of("out")).toMatchObject({ label: "--out", unit: "folder", required: true });
  expect(of("timeLimit")).toMatchObject({
    label: "--time-limit",
    title: "Time",
    unit: "duration",
    flag: false,
    required: false,
  });
  expect(of("halfMaps")).toMatchObject({ label: "--half-maps", flag: true });
  expect(of("symmetry").default).toBe("C1");
  expect(of("critic").choices).toContain("likelihood-ratio");
  expect(of("resume")).toBeUndefined();
});

test("every field is one that the schema knows, so that nothing typed is lost", () => {
  const known = Object.keys(reconstructSchema.in.shape);
  for (const { name } of fields) expect(known, name).toContain(name);
});

test("a form is checked as the command line checks its options", () => {
  expect(
    formProblems({ particlesFile: "a.star", out: "run", symmetry: "d2", timeLimit: "5m", halfMaps: true }),
  ).toEqual({});
  const problems = formProblems({ out: "run", symmetry: "Q7", timeLimit: "soon" });
  expect(Object.keys(problems)).toEqual(["particlesFile", "symmetry", "timeLimit"]);
  expect(problems.timeLimit).toMatch(/duration such as 90s/);
  expect(
    formProblems({ particlesFile: "a.star", out: "run", timeLimit: "5m", stages: "adversarial 16:500" }),
  ).toMatchObject({ timeLimit: expect.stringContaining("--stages") as string });
});

test("what is missing is not wrong before the form is sent", () => {
  expect(problemsOfGiven({})).toEqual({});
  expect(Object.keys(problemsOfGiven({ symmetry: "Q7", timeLimit: "5m", stages: "adversarial 16:500" }))).toEqual([
    "symmetry",
  ]);
  expect(Object.keys(problemsOfGiven({ symmetry: "D2", classes: "soon" }))).toEqual(["classes"]);
});

test("empty fields and flags that are off are left to the defaults", () => {
  expect(filledIn({ out: " run ", resolution: " ", halfMaps: false, positivity: true })).toEqual({
    out: "run",
    positivity: true,
  });
});
