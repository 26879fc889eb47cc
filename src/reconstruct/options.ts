/**
 * What a user may ask for: one definition of each option, by the name it has on the command line, in the form of the
 * page, in config.json and for a program. The command, the form, their checks (optionSchema.ts) and the arguments of a
 * server's run are made from it. Without the validation library, as the help of the command loads this file.
 */
import {
  boxSize,
  choice,
  classNumbers,
  count,
  duration,
  imageChoice,
  kebabCase,
  nonNegative,
  opticsGroups,
  optionName,
  path,
  pixelSize,
  positive,
  seed,
  threads,
  type ValueKind,
  wholeNumber,
  yesOrNo,
} from "../base/values.ts";
import { deviceNames } from "../runtime/deviceNames.ts";
import { methodChosen, methods } from "./method.ts";
import { stages, symmetry } from "./optionValues.ts";

const criticNames = ["likelihood-ratio", "volume", "convolutional"] as const;
export type CriticName = (typeof criticNames)[number];
const lossNames = ["logistic-r1", "wgan-gp"] as const;
export type LossName = (typeof lossNames)[number];

/** Settings of training by name, where they are not those that go with the critic. */
const recipeNames = ["paper"] as const;
/** Densities that a run may hold. */
export const mostClasses = 16;
/** Components of a molecule that moves. */
export const mostComponents = 3;

interface About {
  /** For the help of the command and the form. */
  help: string;
  /**
   * Whether the numbers of a run depend on it, so that a run can only go on with the value that it began with. What may
   * grow can be raised (more time) or refined when a run goes on.
   */
  decisive: boolean | "may grow";
  /** Says how a run is begun in its folder, and not what it computes: not kept in config.json. */
  begins?: true;
  /** Not asked for by a form. */
  notInForm?: true;
}

interface Valued<T> extends About {
  value: ValueKind<T>;
  /** Stands for the value in the help: its unit, or what it is. */
  placeholder: string;
}

/**
 * An option; `given` tells what it is if nobody gives it: an error, nothing (chosen from the data), a value, false; or
 * nothing where it is a flag that has a contrary, --no-….
 */
export type OptionDefinition<T = never> =
  | (Valued<T> & { given: "required"; positional?: true })
  | (Valued<T> & { given: "optional" })
  | (Valued<T> & { given: "default"; default: T })
  | (Valued<T> & { given: "yes or no"; helpForNo: string })
  | (About & { given: "flag" });

const required = <T>(value: ValueKind<T>, about: Omit<Valued<T>, "value"> & { positional?: true }) => ({
  given: "required" as const,
  value,
  ...about,
});
const optional = <T>(value: ValueKind<T>, about: Omit<Valued<T>, "value">) => ({
  given: "optional" as const,
  value,
  ...about,
});
const withDefault = <T>(value: ValueKind<T>, preset: NoInfer<T>, about: Omit<Valued<T>, "value">) => ({
  given: "default" as const,
  default: preset,
  value,
  ...about,
});
/** @param helpForNo of the contrary */
const eitherWay = (about: About & { helpForNo: string }) => ({
  given: "yes or no" as const,
  value: yesOrNo(),
  placeholder: "yes or no",
  ...about,
});
const flag = (about: About) => ({ given: "flag" as const, ...about });

export const reconstructOptions = {
  /** Path of a .star or .cs file. */
  particlesFile: required(path("a particle file (.star or .cs)"), {
    positional: true,
    placeholder: "file",
    help: "particles (.star or .cs)",
    decisive: true,
  }),
  /** Path of the run folder. */
  out: required(path("a folder"), {
    placeholder: "folder",
    help: "run folder: map, checkpoints, events, report",
    decisive: false,
    begins: true,
  }),
  symmetry: withDefault(symmetry(), "C1", {
    placeholder: "group",
    help: "point group: C1, C4, D2, T, O, I, ...; of several classes one for all, or one for each: D2,C1",
    decisive: true,
  }),
  /** How many. */
  classes: optional(wholeNumber(1, mostClasses), {
    placeholder: "count",
    help: "so many different structures are in the images: a map and a share of the particles of each (default: 1)",
    decisive: true,
  }),
  /** Runs in all. */
  repeats: optional(wholeNumber(2, 20), {
    placeholder: "count",
    help: "so many runs from different seeds: classes that all of them find are real; takes as many times as long",
    decisive: false,
  }),
  junkClass: flag({
    help: "images of noise, and of things that match nothing, are a class of their own, whose share is estimated",
    decisive: true,
  }),
  /** How many components. */
  motion: optional(wholeNumber(1, mostComponents), {
    placeholder: "count",
    help:
      "the molecule moves: so many components of its motion, where each particle is along them, " +
      "and a series of maps along each",
    decisive: true,
  }),
  method: optional(choice(methods), {
    placeholder: "name",
    help:
      "refined: CryoGAN for the shape, likelihood refinement for the detail (default); " +
      "cryogan: adversarial stages alone, to the finest resolution that data and time allow, no likelihood",
    decisive: true,
  }),
  /** Seconds. */
  timeLimit: optional(duration(), {
    placeholder: "duration",
    help:
      "end in about this time, whatever the machine: 90s, 5m, 1h30m " +
      "(default: what takes 10m on two idle CPU cores, however long it takes here)",
    decisive: "may grow",
  }),
  /** Å. */
  resolution: optional(positive("Å", 1000), {
    placeholder: "Å",
    help: "finest resolution to work at, in Å (default: what the data and the time allow)",
    decisive: "may grow",
  }),
  /** Edge in pixels. */
  box: optional(boxSize(), {
    placeholder: "pixels",
    help: "largest working box, in pixels (default: as the resolution needs)",
    decisive: true,
  }),
  /** Path of a map; its box and pixel size are its own. */
  start: optional(path("a map (.mrc)"), {
    placeholder: "map",
    help:
      "begin from this map instead of blind, by likelihood refinement alone (--method cryogan: by adversarial " +
      "stages at finer shells): low-passed to --start-resolution, any box and pixel size, centred, " +
      "its axes those of the group",
    decisive: true,
  }),
  /** Å. */
  startResolution: optional(positive("Å", 1000), {
    placeholder: "Å",
    help: "what is finer in the map of --start is left out (RELION's --ini_high; default: 30 with --start)",
    decisive: true,
  }),
  stages: optional(stages(), {
    placeholder: "list",
    help: "set the stages yourself, see below (default: chosen from the data and the time limit)",
    decisive: true,
  }),
  /** How many. */
  particles: optional(count(), {
    placeholder: "count",
    help: "use only this many particles, drawn at random",
    decisive: true,
  }),
  /** Path of a STAR or .cs file. */
  exclude: optional(path("a STAR or .cs file"), {
    placeholder: "file",
    help: "leave out the particles that this STAR or .cs file lists",
    decisive: true,
  }),
  /** Numbers or names. */
  opticsGroups: optional(opticsGroups(), {
    placeholder: "list",
    help: "use only particles of these optics groups (cryoSPARC: exposure groups), by number or name: 1,3",
    decisive: true,
  }),
  /** Numbers. */
  class: optional(classNumbers(), {
    placeholder: "list",
    help: "use only particles of these classes (rlnClassNumber): 1,3",
    decisive: true,
  }),
  /** Å. */
  pixelSize: optional(pixelSize(), {
    placeholder: "Å",
    help: "pixel size of the images in Å, where the file names none, several or a wrong one",
    decisive: true,
  }),
  invertContrast: eitherWay({
    help:
      'density is dark in the images, as without RELION\'s "invert contrast" ' +
      "(default: where the images are sure to tell so, as cryogan inspect shows)",
    helpForNo: "density is bright, whatever the images tell",
    decisive: true,
  }),
  ctfPhaseFlipped: flag({ help: "the phases of the images were flipped before", decisive: true }),
  halfMaps: flag({
    help:
      "reconstruct two halves of the data independently: half1.mrc, half2.mrc, both also unmasked, " +
      "their FSC, and map.mrc as their mean",
    decisive: true,
  }),
  /** Å. */
  maskDiameter: optional(positive("Å", 100_000), {
    placeholder: "Å",
    help:
      "diameter of the particle in Å: beyond it images show background, " +
      "and a spherical mask cuts the density (default: as the images show it, else 90 % of the box)",
    decisive: true,
  }),
  /** Path of a map of where there may be density, 0 to 1; its box and pixel size are its own. */
  mask: optional(path("a mask (.mrc)"), {
    placeholder: "file",
    help:
      "mask to use in place of the sphere: a map from 0 to 1, " +
      "about the centre of its box, with the symmetry of the group",
    decisive: true,
  }),
  /** Å. */
  maxShift: optional(nonNegative("Å", 100_000), {
    placeholder: "Å",
    help:
      "largest in-plane shift of a particle in Å; 0 if all are centred " +
      "(default: as the images show it, else 5 % of the box)",
    decisive: true,
  }),
  /** Path of a STAR file. */
  viewsFile: optional(path("a STAR file"), {
    placeholder: "file",
    help: "STAR file with angles that follow the distribution of views (default: uniform at first, then as estimated)",
    decisive: true,
  }),
  /** Path of a stack of images. */
  noiseBank: optional(path("a stack of images (.mrcs)"), {
    placeholder: "stack",
    help:
      "images without particles (.mrcs) to take the noise of the adversarial stage from " +
      "(default: normal noise of the power that the particles' surroundings have)",
    decisive: true,
  }),
  noiseImages: optional(imageChoice(), {
    placeholder: "which",
    help: "images of the noise bank to take: odd, even or a range such as 1-50 (default: all)",
    decisive: true,
  }),
  positivity: flag({ help: "keep the density non-negative", decisive: true }),
  recipe: optional(choice(recipeNames), {
    placeholder: "name",
    help:
      "paper: the network and the training of the CryoGAN paper on images at full size, by --method cryogan; " +
      "at 192 px an iteration takes 90 s of a CPU core, and a run has 20,000: for a GPU, or for comparisons",
    decisive: true,
  }),
  critic: optional(choice(criticNames), {
    placeholder: "kind",
    help: "what tells real from simulated images (default: volume; of several classes likelihood-ratio)",
    decisive: true,
  }),
  loss: optional(choice(lossNames), {
    placeholder: "kind",
    help: "adversarial loss and penalty (default: the critic's own)",
    decisive: true,
  }),
  /** Path of a folder. */
  projectRoot: optional(path("a folder"), {
    placeholder: "folder",
    help: "folder that the stack names in the particle file start from",
    decisive: false,
  }),
  /** Path of a .cs file. */
  passthrough: optional(path("a passthrough .cs file"), {
    placeholder: "file",
    help: "passthrough .cs file with the columns that the particle file lacks",
    decisive: true,
  }),
  /** The device itself is noted by the run (folder/beginning.ts). */
  device: withDefault(choice(deviceNames), "auto", { placeholder: "name", help: "where to compute", decisive: false }),
  threads: optional(threads(), {
    placeholder: "count",
    help: "threads on the CPU (default: all cores)",
    decisive: false,
  }),
  /** GB (10⁹ bytes). */
  cache: optional(positive("GB", 10_000), {
    placeholder: "GB",
    help: "memory for particles; beyond it they go to a scratch file (default: 2)",
    decisive: true,
  }),
  /** Path. */
  scratch: optional(path("a folder"), {
    placeholder: "folder",
    help:
      "where the particles' scratch file is kept, best on a disk of the machine's own: $TMPDIR " +
      "(default: the run folder)",
    decisive: false,
  }),
  seed: withDefault(seed(), 1, { placeholder: "number", help: "seed of all random draws", decisive: true }),
  resume: flag({
    help:
      "go on from the last checkpoint in the run folder, or beyond its end with more --time-limit or " +
      "a finer --resolution; the other options must be those of the run",
    decisive: false,
    begins: true,
    notInForm: true,
  }),
  overwrite: flag({ help: "replace the run that the folder holds", decisive: false, begins: true }),
  /** Seconds. */
  checkpointEvery: optional(duration(), {
    placeholder: "duration",
    help: "time between checkpoints (default: 1m)",
    decisive: false,
  }),
};

type Definitions = typeof reconstructOptions;
export type OptionKey = keyof Definitions;
type Value<D> = D extends { value: ValueKind<infer T> } ? T : boolean;

/** Ways of being given in which an option may be absent. */
type OpenWays = "optional" | "yes or no";

/** Options as a run uses them, defaults filled in; what is absent is chosen from the data. */
export type ReconstructOptions = {
  [K in OptionKey as Definitions[K]["given"] extends OpenWays ? never : K]: Value<Definitions[K]>;
} & { [K in OptionKey as Definitions[K]["given"] extends OpenWays ? K : never]?: Value<Definitions[K]> };

/** Options as a program gives them: a particle file and a folder, and whatever is to differ from the defaults. */
export type RunRequest = Pick<ReconstructOptions, "particlesFile" | "out"> & Partial<ReconstructOptions>;

/** Every option with its key, in the order of the help. */
export const optionEntries = Object.entries(reconstructOptions) as [OptionKey, OptionDefinition][];

/** An option's name for people: "--time-limit"; "particles-file" where it has none. */
export const labelOf = (key: OptionKey): string =>
  "positional" in reconstructOptions[key] ? kebabCase(key) : optionName(key);

/** The request with the defaults in it. */
export function withDefaults(request: RunRequest): ReconstructOptions {
  const defaults = optionEntries.flatMap(([key, option]) =>
    option.given === "default" ? [[key, option.default]] : option.given === "flag" ? [[key, false]] : [],
  );
  const given = Object.entries(request).filter(([, value]) => value !== undefined);
  const method = ["method", methodChosen(request)];
  return Object.fromEntries([...defaults, method, ...given]) as unknown as ReconstructOptions;
}

/**
 * Values of options as they would be typed, into a form; flags that are on are true. What is absent, and what is no
 * option, is left out.
 * @param values options, or what config.json holds, unchecked
 */
export function asTyped(values: Readonly<Record<string, unknown>>): Partial<Record<OptionKey, string | true>> {
  return Object.fromEntries(
    optionEntries.flatMap(([key, option]) => {
      const value = values[key],
        isFlag = option.given === "flag";
      const isAbsent = value === undefined || value === null || (isFlag && value === false);
      return isAbsent ? [] : [[key, (isFlag && value === true) || textOf(option, value)] as const];
    }),
  );
}

/** Options as typed, without those that are what they would be anyway. */
export function withoutDefaults(typed: ReturnType<typeof asTyped>): ReturnType<typeof asTyped> {
  const { recipe } = typed,
    method = methodChosen(typeof recipe === "string" ? { recipe } : {});
  const others = optionEntries.filter(([key, option]) => {
    if (key === "method") return typed.method !== method;
    return option.given !== "default" || option.value.write(option.default) !== typed[key];
  });
  return Object.fromEntries(others.flatMap(([key]) => (typed[key] === undefined ? [] : [[key, typed[key]]])));
}

function textOf(option: OptionDefinition, value: unknown): string {
  try {
    if (option.given !== "flag") return option.value.write(value as never);
  } catch {
    // Of another type than the option's.
  }
  return JSON.stringify(value); // which whoever reads it will refuse
}

/** Fewer make no map: a batch of the critic holds 128. */
export const fewestParticles = 128;
