/** How far a run is laid out to go, and how long that takes, told before it begins. */
import { askedRecipe } from "../adversarial/askedRecipe.ts";
import { groupsOfClasses } from "../classes.ts";
import type { ReconstructOptions } from "../options.ts";
import { joiningSeconds, runSeconds, stageSeconds } from "./cost.ts";
import { endsStart, finestRefined } from "./course.ts";
import type { Inspection } from "./inspection.ts";
import { finerStarts } from "./schedule.ts";
import { firstBox, firstSchedule, settingOf } from "./setting.ts";

export interface Plan {
  /** The finest that the schedule goes to: what data, options and time allow. */
  resolutionAngstrom: number;
  /** Set where it may be finer: the spectra were measured no farther. */
  orFiner: boolean;
  /** On two CPU cores, or of the limit. */
  seconds: number;
  /** The same where no shape is seen at low resolution, and starts at a finer shell are made; absent where none are. */
  secondsWithFiner?: number;
}

/**
 * By the schedule and the cost model that the run itself uses, from the spectra of some of its images.
 * @returns undefined where these do not tell: of several classes, of motion, without spectra
 * @throws {InputError} where the options ask for more than the box holds
 */
export function planOf({ summary, spectra }: Inspection, options: ReconstructOptions): Plan | undefined {
  const {
    classes = 1,
    junkClass,
    motion,
    repeats,
    halfMaps,
    timeLimit,
    recipe,
    symmetry,
    particles = Infinity,
  } = options;
  if (!spectra || classes > 1 || junkClass || motion !== undefined || repeats !== undefined || recipe !== undefined)
    return undefined;
  const parts = halfMaps ? 2 : 1,
    count = Math.floor(Math.min(summary.particles, particles) / parts),
    set = { ...summary, source: summary.file, count };
  const setting = settingOf(
    { set },
    parts,
    options,
    groupsOfClasses(symmetry, 1),
    askedRecipe(options, count),
    options.mask === undefined && options.maskDiameter === undefined
      ? summary
      : { ...summary, diameterAngstrom: undefined },
  );
  const { budget, boxAngstrom, request } = setting,
    workingBox = firstBox(setting),
    measured = { noise: Float64Array.from(spectra.noise), signal: Float64Array.from(spectra.signal) };
  const { stages, goal, given } = firstSchedule({ workingBox, request, stages: [] }, measured, setting),
    finest = Math.max(...stages.map(({ maxRadius }) => maxRadius));
  const seconds =
    parts * runSeconds(stages, finestRefined(stages), budget) + (halfMaps ? joiningSeconds(summary.boxSize) : 0);
  const finer =
    goal === undefined || given || budget.method === "cryogan"
      ? []
      : finerStarts(stages.filter(endsStart).length, goal, budget);
  const within = (asked: number): number => Math.min(asked, timeLimit ?? Infinity);
  return {
    resolutionAngstrom: boxAngstrom / finest,
    orFiner: finest === measured.noise.length - 1 && 2 * finest < Math.min(workingBox, summary.boxSize),
    seconds: within(seconds),
    ...(finer.length === 0
      ? {}
      : {
          secondsWithFiner: within(
            seconds + parts * finer.reduce((sum, stage) => sum + stageSeconds(stage, budget), 0),
          ),
        }),
  };
}
