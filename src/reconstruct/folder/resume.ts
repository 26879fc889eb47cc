/**
 * Whether a run may begin, or go on, in a folder: nothing that is there is lost, and a run goes on with the options it
 * began with.
 */
import { InputError } from "../../base/errors.ts";
import type { Folder } from "../../io/files.ts";
import { filesOfClasses } from "../classes.ts";
import { motionMaps } from "../motionMaps.ts";
import { asTyped, labelOf, mostClasses, optionEntries, type ReconstructOptions } from "../options.ts";
import { checkpointBefore } from "./checkpoint.ts";
import { askedOptions, readConfig } from "./config.ts";
import { densityFile } from "./events.ts";
import { inputDifference, type RunInput, readInput } from "./input.ts";

const checkpoints = ["checkpoint.bin", "checkpoint-half1.bin", "checkpoint-half2.bin"].flatMap((name) => [
  name,
  checkpointBefore(name),
]);
/** What an earlier run may have left that a new one does not replace at once. */
const results = [
  ...checkpoints,
  "input.json",
  "map.mrc",
  ...filesOfClasses(mostClasses),
  ...motionMaps,
  "particles.star",
  "half1.mrc",
  "half2.mrc",
  "half2_unaligned.mrc",
  "half1_unmasked.mrc",
  "half2_unmasked.mrc",
  "aligned.mrc",
  "result.json",
  "fsc.json",
  "fsc.xml",
  "evaluation.json",
  "examples.json",
  "templates.json",
  densityFile,
  "directions.json",
  "classes.json",
  "spectra.json",
  "report.html",
];

/**
 * @returns what the run began with that is gone on with, if any
 * @throws {InputError} if the folder holds a run and the options neither go on with it nor replace it, or go on with
 * another
 */
export async function checkFolder(folder: Folder, options: ReconstructOptions): Promise<RunInput | undefined> {
  if (options.overwrite) return undefined;
  const holdsRun = (await Promise.all(checkpoints.map((name) => folder(name).exists()))).includes(true);
  if (!options.resume && holdsRun)
    throw new InputError(
      `${options.out} holds a run: go on with it by --resume, replace it by --overwrite, or give another folder`,
    );
  if (!options.resume || !holdsRun) return undefined;
  let before: { options: ReturnType<typeof asTyped>; input: RunInput };
  try {
    before = {
      options: asTyped(await readConfig(folder("config.json"))),
      input: await readInput(folder("input.json")),
    };
  } catch (error) {
    throw new InputError(
      `${(error as Error).message}, so that it is not known what to go on with; start anew with --overwrite`,
    );
  }
  const { invertContrast: asked, ...others } = before.options,
    fromOlder = before.input.inverted === undefined; // which wrote "false" where nothing was asked
  checkSameOptions(fromOlder && asked === "no" ? others : before.options, options);
  return before.input;
}

function checkSameOptions(before: ReturnType<typeof asTyped>, options: ReconstructOptions): void {
  const now = asTyped(askedOptions(options));
  for (const [key, { decisive }] of optionEntries) {
    if (!decisive || before[key] === now[key]) continue;
    // More time, or finer: what that can add is told by the checkpoints (run/goingOn.ts).
    if (decisive === "may grow" && now[key] !== undefined && now.stages === undefined) continue;
    const text = (value: string | true | undefined): string => (value === true ? "given" : (value ?? "not given"));
    throw new InputError(
      `${options.out}: the run began with another ${labelOf(key)} (${text(before[key])}, now ${text(now[key])}); ` +
        "give the options it began with, or start anew with --overwrite",
    );
  }
}

/** @throws {InputError} if what there is to read is not what the run began with */
export function checkSameInput(before: RunInput, now: RunInput, { out }: ReconstructOptions): void {
  const difference = inputDifference(before, now);
  if (difference !== undefined) throw new InputError(`${out}: ${difference}`);
}

/** Removes what an earlier run left, so that nothing of it is taken for this one's. */
export async function clearFolder(folder: Folder): Promise<void> {
  for (const name of results) await folder(name).remove();
}
