import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { configText } from "../../../src/reconstruct/folder/config.ts";
import { parseReconstructOptions } from "../../../src/reconstruct/optionSchema.ts";
import { reconstructOptions } from "../../../src/reconstruct/options.ts";
import { FormError, type RunForm } from "../../../src/web/live/source.ts";
import { argumentsOfConfig, argumentsOfForm } from "../../../src/web/server/arguments.ts";

/** Values of every option but those that a form may not set, other than the defaults. */
const everything: RunForm = {
  particlesFile: "/data/-odd name.star",
  symmetry: "D7",
  box: "48",
  resolution: "7.5",
  method: "cryogan",
  stages: "adversarial 24:300, adversarial 32:200",
  particles: "5000",
  projectRoot: "/data",
  passthrough: "/data/p.cs",
  maskDiameter: "120.5",
  positivity: true,
  cache: "2.5",
  scratch: "/tmp/scratch",
  maxShift: "0",
  viewsFile: "-views.star",
  noiseBank: "/data/noise.mrcs",
  noiseImages: "51-100",
  critic: "convolutional",
  loss: "wgan-gp",
  halfMaps: true,
  checkpointEvery: "0.5s",
  pixelSize: "1.5",
  device: "cpu",
  threads: "2",
  seed: "7",
  opticsGroups: "1,3",
  exclude: "/data/junk.star",
  class: "1,3",
  invertContrast: "yes",
  ctfPhaseFlipped: true,
  mask: "/data/mask.mrc",
  start: "/data/start.mrc",
  startResolution: "40",
};

const stages = [{ kind: "adversarial", maxRadius: 8, iterations: 5 }];

/** As commander reads it, which the arguments are for: "--name=value", flags, and what follows "--". */
function parsed(args: string[]): Record<string, unknown> {
  expect(args[0]).toBe("reconstruct");
  const end = args.indexOf("--");
  const options = args.slice(1, end).map((arg): [string, string | boolean] => {
    const [, name, value] = /^--([a-z-]+)(?:=(.*))?$/s.exec(arg)!;
    const [positive, stands] = name!.startsWith("no-") ? [name!.slice(3), false] : [name!, true];
    return [positive.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()), value ?? stands];
  });
  expect(args.slice(end + 1)).toHaveLength(1);
  return { ...Object.fromEntries(options), particlesFile: args[end + 1] };
}

test("the example holds every option of the command", () => {
  // --time-limit excludes --stages, --recipe --critic, several classes and --motion --half-maps.
  const notInForms = ["out", "timeLimit", "recipe", "classes", "junkClass", "repeats", "motion", "resume", "overwrite"];
  expect(Object.keys(everything).sort()).toEqual(
    Object.keys(reconstructOptions)
      .filter((name) => !notInForms.includes(name))
      .sort(),
  );
});

test("a form becomes the command line that means the same", () => {
  const options = parseReconstructOptions(parsed(argumentsOfForm(everything, "/runs/a b")));
  expect(options).toEqual(parseReconstructOptions({ ...everything, out: "/runs/a b" }));
  const plain = argumentsOfForm({ particlesFile: "p.star", timeLimit: "90s", box: "", halfMaps: false }, "o");
  expect(plain).toEqual(["reconstruct", "--out=o", "--time-limit=90s", "--", `${process.cwd()}/p.star`]);
  const contrast = (invertContrast: string) => argumentsOfForm({ particlesFile: "/p.star", invertContrast }, "o")[2];
  expect([contrast("yes"), contrast("no"), contrast("")]).toEqual(["--invert-contrast", "--no-invert-contrast", "--"]);
  expect(() => contrast("maybe")).toThrow(FormError);
});

test("so does one of several classes", () => {
  const form = { particlesFile: "/p.star", symmetry: "D2,C1,C1", classes: "3", junkClass: true, repeats: "2" },
    options = parseReconstructOptions(parsed(argumentsOfForm(form, "o")));
  expect(options).toEqual(parseReconstructOptions({ ...form, out: "o" }));
  expect([options.classes, options.junkClass, options.repeats]).toEqual([3, true, 2]);
});

test.each([
  { ...everything },
  { particlesFile: "/p.star", start: "/s.mrc", stages: "refine 24:3:20000, local 32:2" },
  { particlesFile: "/p.star", invertContrast: "no" },
  { particlesFile: "/p.star", timeLimit: "1h30m" },
  { particlesFile: "/p.star", recipe: "paper" },
  { particlesFile: "/p.star", symmetry: "D2,C1", classes: "2", junkClass: true, repeats: "3" },
  { particlesFile: "/p.star", motion: "2" },
  { particlesFile: "/p.star" },
])("config.json leads back to the options that the run began with: %j", (form) => {
  const options = parseReconstructOptions({ ...form, out: "/runs/a" });
  const config = JSON.parse(
    configText(options, {
      particles: 5000,
      box: 16,
      maskRadius: 0.4,
      shiftSigma: 0,
      invertContrast: false,
      stages: [{ kind: "adversarial", maxRadius: 8, iterations: 1 }],
    }),
  ) as Record<string, unknown>;
  const resumed = parseReconstructOptions(parsed(argumentsOfConfig(config, "/runs/a")));
  expect(resumed).toEqual({
    ...options,
    resume: true,
    ...(options.viewsFile && { viewsFile: resolve(options.viewsFile) }),
  });
});

describe("a run that goes on", () => {
  const config = { particlesFile: "/p.star", symmetry: "D2", timeLimit: 600, seed: 3 };
  const refused = (further: RunForm, of: Record<string, unknown> = config): unknown => {
    try {
      return argumentsOfConfig(of, "/runs/a", further);
    } catch (error) {
      return (error as FormError).fields;
    }
  };

  test("takes more time and a finer resolution in place of what it began with, and the rest as it was", () => {
    const optionsOf = (args: string[]) => parseReconstructOptions(parsed(args));
    expect(optionsOf(argumentsOfConfig(config, "/runs/a", { timeLimit: "1h", resolution: "6.5" }))).toEqual(
      optionsOf(argumentsOfConfig({ ...config, timeLimit: 3600, resolution: 6.5 }, "/runs/a")),
    );
    expect(argumentsOfConfig(config, "/runs/a", { timeLimit: "", resolution: "" })).toEqual(
      argumentsOfConfig(config, "/runs/a"),
    );
  });

  test("refuses at the field what is wrong, may not change, or does not go together", () => {
    expect(refused({ timeLimit: "soon", resolution: "-1", symmetry: "C1", rm: "-rf", resume: false })).toEqual({
      timeLimit: expect.stringMatching(/^expected a duration/),
      resolution: expect.stringMatching(/^expected a number above 0/),
      symmetry: "stays what the run began with",
      rm: "stays what the run began with",
      resume: "stays what the run began with",
    });
    expect(refused({ timeLimit: "1h" }, { ...config, timeLimit: undefined, stages })).toEqual({
      timeLimit: "cannot be combined with --stages, which set the work themselves",
    });
  });
});

describe("wrong forms name every field", () => {
  const fields = (form: RunForm): Record<string, string> => {
    try {
      argumentsOfForm(form, "o");
    } catch (error) {
      if (error instanceof FormError) return error.fields;
      throw error;
    }
    return {};
  };

  test("with the messages of the command line", () => {
    const form: RunForm = {
      particlesFile: "p.star",
      symmetry: "X9",
      timeLimit: "soon",
      seed: "-1",
      halfMaps: "yes",
      box: true,
    };
    const found = fields(form);
    expect(Object.keys(found).sort()).toEqual(["box", "halfMaps", "seed", "symmetry", "timeLimit"]);
    expect(found.timeLimit).toBe('expected a duration such as 90s, 5m or 1h30m, at most 1000h, got "soon"');
    for (const name of ["symmetry", "timeLimit", "seed"]) {
      const alone = { particlesFile: "p.star", out: "o", [name]: form[name] };
      expect(() => parseReconstructOptions(alone)).toThrow(`: ${found[name]}`);
    }
  });

  test("what does not go together, and what is missing", () => {
    expect(fields({ particlesFile: "p.star", stages: "adversarial 16:5", timeLimit: "5m" })).toEqual({
      timeLimit: "cannot be combined with --stages, which set the work themselves",
    });
    expect(Object.keys(fields({}))).toEqual(["particlesFile"]);
    expect(Object.keys(fields({ particlesFile: "" }))).toEqual(["particlesFile"]);
  });

  test("options that are none, or not for a form", () => {
    const found = fields({
      particlesFile: "p.star",
      resume: true,
      overwrite: true,
      json: true,
      open: true,
      "out=/etc": "x",
      constructor: "x",
      rm: "-rf",
    });
    expect(found).toEqual({
      resume: "cannot be set here",
      overwrite: "cannot be set here",
      json: "there is no such option",
      open: "there is no such option",
      "out=/etc": "there is no such option",
      constructor: "there is no such option",
      rm: "there is no such option",
    });
  });
});
