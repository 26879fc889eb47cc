/** Options of a run as arguments of `cryogan reconstruct`, from a form or from the config.json of a run. */
import { resolve } from "node:path";
import { reconstructSchema } from "../../cli/options/reconstruct.ts";
import type { Stage } from "../../reconstruct/stage.ts";
import { FormError, fieldProblems, type RunForm } from "../live/source.ts";

const optionNames = Object.keys(reconstructSchema.in.shape);
/** How a run is begun, shown and written is the server's business. */
const reserved = ["out", "resume", "overwrite", "json", "open"];

/**
 * Arguments for a new run into `out`. Fields left empty and flags that are off are not given.
 * @throws {FormError} naming every field that the command line would refuse
 */
export function argumentsOfForm(form: RunForm, out: string): string[] {
  const given = Object.fromEntries(Object.entries(form).filter(([, value]) => value !== "" && value !== false));
  const result = reconstructSchema.safeParse({ ...given, out });
  const problems = fieldProblems(result.error?.issues ?? []);
  for (const name of Object.keys(given)) {
    if (reserved.includes(name)) problems[name] = "cannot be set here";
    else if (!optionNames.includes(name)) problems[name] = "there is no such option";
  }
  if (Object.keys(problems).length > 0) throw new FormError(problems);
  const { particlesFile, ...options } = given;
  return commandArguments(resolve(String(particlesFile)), out, options);
}

/** Names in config.json where they differ from those of the options. */
const inConfig: Record<string, string> = {
  particlesFile: "particles",
  particles: "particleLimit",
  box: "maximumBoxSize",
  resolution: "resolutionAngstrom",
  timeLimit: "timeLimitSeconds",
  stages: "stagesAsked",
  maskDiameter: "maskDiameterAngstrom",
  maxShift: "maximumShiftAngstrom",
  cache: "cacheBytes",
  checkpointEvery: "checkpointSeconds",
};
const asTyped: Record<string, (value: never) => string> = {
  timeLimit: (seconds: number) => `${seconds}s`,
  checkpointEvery: (seconds: number) => `${seconds}s`,
  cache: (bytes: number) => String(bytes / 1e9),
  stages: (stages: Stage[]) => stages.map(stageAsTyped).join(", "),
};

/** Arguments that go on with a run: the options it began with. @param config content of its config.json */
export function argumentsOfConfig(config: Record<string, unknown>, out: string): string[] {
  const options: RunForm = { resume: true };
  for (const name of optionNames) {
    const value = config[inConfig[name] ?? name];
    if (value === undefined || value === null || value === false || name === "particlesFile" || reserved.includes(name))
      continue;
    options[name] =
      value === true
        ? true
        : asTyped[name]
          ? asTyped[name](value as never)
          : Array.isArray(value)
            ? value.join(",")
            : String(value);
  }
  return commandArguments(String(config.particles), out, options);
}

/** "=" and "--" keep values that begin with a dash from being taken for options. */
function commandArguments(particles: string, out: string, options: RunForm): string[] {
  const kebab = (name: string) => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const given = Object.entries(options).map(([name, value]) =>
    value === true ? kebab(name) : `${kebab(name)}=${value}`,
  );
  return ["reconstruct", `--out=${out}`, ...given, "--", particles];
}

/** "adversarial 16:500", "refine 24:3:20000"; JSON has no infinity: all particles are null. */
function stageAsTyped(stage: Stage): string {
  const head = `${stage.kind === "refinement" ? "refine" : stage.kind} ${2 * stage.maxRadius}:${stage.iterations}`;
  return stage.kind !== "adversarial" && Number.isFinite(stage.particles) ? `${head}:${stage.particles}` : head;
}
