import { expect, test } from "vitest";
import { commandArguments } from "../../../src/reconstruct/commandArguments.ts";
import { configText } from "../../../src/reconstruct/folder/config.ts";
import { parseReconstructOptions } from "../../../src/reconstruct/optionSchema.ts";
import type { RunForm, RunSource } from "../../../src/web/live/source.ts";
import { cloneOf, freeName, optionsAsked } from "../../../src/web/page/form/clone.ts";

test.each<RunForm>([
  { particlesFile: "/p.star" },
  { particlesFile: "/p.star", recipe: "paper" },
  { particlesFile: "/p.star", method: "cryogan", symmetry: "D2", halfMaps: true, timeLimit: "90s", seed: "7" },
  { particlesFile: "/p.star", invertContrast: "no", stages: "adversarial 16:5, refine 16:2", maxShift: "0" },
])("config.json fills the form as it was filled in: %j", (form) => {
  const options = parseReconstructOptions({ ...form, out: "/runs/a" }),
    config = JSON.parse(configText(options)) as Record<string, unknown>;
  expect(optionsAsked(config)).toEqual(form);
  expect(parseReconstructOptions({ ...optionsAsked(config), out: "/runs/a" })).toEqual(options);
});

test("what may not stand in a form does not come into it", () => {
  expect(optionsAsked({ particlesFile: "/p.star", out: "/etc", resume: false, used: { box: 3 }, rm: "-rf" })).toEqual({
    particlesFile: "/p.star",
    out: "/etc",
  });
});

test("a name beside those that are taken", () => {
  expect(freeName("first", ["first"])).toBe("first-2");
  expect(freeName("first", ["first", "first-2", "first-3"])).toBe("first-4");
  expect(freeName("first-2", ["first", "first-2"])).toBe("first-3");
  expect(freeName("first-9", ["first-9"])).toBe("first-2");
});

test("a clone has the options of the run, in a folder of its own", async () => {
  const config = configText(parseReconstructOptions({ particlesFile: "/p.star", symmetry: "D2", out: "x" }));
  const source = {
    file: async (id: string, path: string) =>
      id === "a" && path === "config.json" ? (new TextEncoder().encode(config).buffer as ArrayBuffer) : undefined,
    list: async () => ["/runs/first", "/runs/first-2/"].map((name, i) => ({ id: "ab"[i]!, name, state: "failed" })),
  } as unknown as RunSource;
  const clone = (id: string) => cloneOf({ source }, id);
  expect(await clone("a")).toEqual({ particlesFile: "/p.star", symmetry: "D2", out: "first-3" });
  await expect(clone("b")).rejects.toThrow("the options of that run are not known");
  expect(commandArguments("/p.star", "first-3", { symmetry: "D2" })).toContain("--symmetry=D2");
});
