/** A reconstruction from a particle file to a run folder. */
import { InputError } from "../../base/errors.ts";
import type { Files } from "../../base/files.ts";
import type { ParticleSet, Volume } from "../../base/types.ts";
import type { Beside } from "../../evaluate/beside.ts";
import { checkBackgrounds, readBackgrounds } from "../../io/backgrounds.ts";
import { type Folder, folderAt, writeFileAtomic } from "../../io/files.ts";
import { readMask } from "../../io/maskFile.ts";
import { readParticles, validateImages } from "../../io/particles.ts";
import { readOnly } from "../../io/readOnly.ts";
import type { ViewingDistribution } from "../../physics/viewing.ts";
import { askedRecipe } from "../adversarial/askedRecipe.ts";
import type { AdversarialRecipe } from "../adversarial/recipes.ts";
import { groupsOfClasses } from "../classes.ts";
import { readLastCheckpoint } from "../folder/checkpoint.ts";
import { configText } from "../folder/config.ts";
import { endedBy } from "../folder/endedBy.ts";
import { openEventLog } from "../folder/eventLog.ts";
import {
  type ClassResult,
  densityFile,
  type MotionResult,
  type RunEvent,
  type RunVerdict,
  type UntimedEvent,
} from "../folder/events.ts";
import { describeInput, writeInput } from "../folder/input.ts";
import { checkFolder, checkSameInput, clearFolder } from "../folder/resume.ts";
import { byFirst } from "../folder/shared.ts";
import { firstLook, type ParticleShown, particleShown } from "../measure/firstLook.ts";
import { type ReconstructOptions, type RunRequest, withDefaults } from "../options.ts";
import type { Part } from "../stage.ts";
import { judge } from "../verdict/judge.ts";
import type { Evidence, Verdict } from "../verdict/verdict.ts";
import { chooseParticles, partsOf } from "./choose.ts";
import { type ChosenContrast, chooseContrast } from "./chooseContrast.ts";
import { openClock } from "./clock.ts";
import { joiningSeconds } from "./cost.ts";
import { readStart, startResolutionOf } from "./givenStart.ts";
import { checkRequest } from "./goingOn.ts";
import type { Host } from "./host.ts";
import { joinParts } from "./joinParts.ts";
import { type PartResult, reconstructPart } from "./part.ts";
import { compareRepeats, folderOfRepeat } from "./repeats.ts";
import { runDevice } from "./runDevice.ts";
import { settingOf } from "./setting.ts";
import { sizesOf } from "./sizes.ts";
import { runTimes } from "./times.ts";
import { readViews } from "./views.ts";

export interface RunResult {
  /** The map, or both half maps as they were reconstructed. */
  maps: Volume[];
  elapsedSeconds: number;
  verdict: Verdict;
  /** What the last event told. */
  finished: Finished;
}

type Finished = Extract<UntimedEvent, { type: "finished" }>;
type Emit = (event: RunEvent) => void;

/**
 * Reconstructs a map, or maps of several classes, with `repeats` from that many seeds. Writes the run folder described
 * in events.ts. Of several processes all do the same, and share the work; the first alone writes and tells.
 *
 * @param host    what it runs on
 * @param request what options.ts describes
 * @param onEvent called with every event; most of them are also appended to events.jsonl
 * @param signal  aborting it writes a checkpoint and throws the signal's reason
 * @param recipe  for the adversarial stages, in place of that of the critic and the loss that the request names: for a
 *   critic or a loss of one's own. A run that goes on must be given it again.
 * @throws {InputError} for anything wrong with the input, before any work is done
 */
export async function reconstruct(
  host: Host,
  request: RunRequest,
  onEvent: Emit = () => {},
  signal?: AbortSignal,
  recipe?: AdversarialRecipe,
): Promise<RunResult> {
  return host.processes.rank === 0
    ? reconstructAll(host, request, onEvent, signal, recipe)
    : reconstructAll({ ...host, files: readOnly(host.files), claim: unclaimed }, request, () => {}, signal, recipe);
}

/** Half-maps of fewer voxels along an edge are joined sooner than a thread starts. */
const leastForThread = 96;

/** Work, and what does pieces of it beside, where there is such a thread. */
async function withThread<T>(openThread: Host["openThread"], work: (beside?: Beside) => Promise<T>): Promise<T> {
  const thread = openThread?.();
  try {
    return await work(thread?.beside);
  } finally {
    await thread?.close();
  }
}

const unclaimed: Host["claim"] = async () => async () => {};

async function reconstructAll(
  host: Host,
  request: RunRequest,
  onEvent: Emit,
  signal: AbortSignal | undefined,
  recipe: AdversarialRecipe | undefined,
): Promise<RunResult> {
  const { repeats = 1, seed } = withDefaults(request),
    results: RunResult[] = [];
  for (let r = 0; r < repeats; r++) {
    const each = { ...request, out: folderOfRepeat(request.out, r), seed: seed + r };
    results.push(await reconstructOnce(host, each, onEvent, signal, recipe));
  }
  const [first] = results as [RunResult];
  if (repeats === 1) return first;
  await host.processes.barrier(); // all is written
  const verdict = await compareRepeats(host.files, request.out, repeats),
    elapsedSeconds = results.reduce((sum, each) => sum + each.elapsedSeconds, 0),
    log = await openEventLog(folderAt(host.files, request.out)("events.jsonl"), true),
    finished: RunEvent = { ...first.finished, elapsedSeconds, verdict, time: new Date().toISOString() };
  log.append(finished);
  await log.close();
  onEvent(finished);
  return { ...first, elapsedSeconds, verdict, finished };
}

async function reconstructOnce(
  { files, runtime, processes, claim, origin, openThread }: Host,
  request: RunRequest,
  onEvent: Emit,
  asked: AbortSignal | undefined,
  recipe: AdversarialRecipe | undefined,
): Promise<RunResult> {
  const options = withDefaults(request);
  const folder = folderAt(files, options.out);
  await files.makeFolder(options.out);
  if (options.scratch !== undefined) await files.makeFolder(options.scratch);
  const before = await checkFolder(folder, options);
  const groups = groupsOfClasses(options.symmetry, options.classes ?? 1);
  const { projectRoot, passthrough, opticsGroups, class: classes, exclude, ctfPhaseFlipped, pixelSize } = options;
  const everything = await readParticles(files, options.particlesFile, {
    projectRoot,
    passthrough,
    opticsGroups,
    classes,
    exclude,
    ctfPhaseFlipped,
    pixelSizeAngstrom: pixelSize,
    needs: options.halfMaps ? ["halfSets"] : [],
  });
  await validateImages(files, everything);
  const mask = options.mask === undefined ? undefined : await readMask(files.at(options.mask));
  const noiseBank =
    options.noiseBank === undefined
      ? undefined
      : await readBackgrounds(files.at(options.noiseBank), options.noiseImages);
  if (noiseBank) checkBackgrounds(noiseBank, everything, options.noiseBank!);
  const views: ViewingDistribution = options.viewsFile
    ? await readViews(files.at(options.viewsFile))
    : { kind: "uniform" };
  const set = chooseParticles(everything, options);
  sizesOf(set, options); // refused before anything is written
  const start =
    options.start === undefined
      ? undefined
      : await readStart(files.at(options.start), startResolutionOf(options), set.boxSize * set.pixelSizeAngstrom);
  const parts = partsOf(set, options);
  const device = await runDevice(runtime, options, before);
  const input = await describeInput(files, everything, options, device);
  if (before) checkSameInput(before, input, options);
  const { inverted, diameterAngstrom, shiftSigmaAngstrom, warning } = before
    ? { ...before, inverted: before.inverted ?? options.invertContrast ?? false, warning: undefined }
    : await lookAt(files, everything, options);

  const shown: ParticleShown = { diameterAngstrom, shiftSigmaAngstrom };

  const last = await Promise.all(
    parts.map(({ checkpoint }) => (options.resume ? readLastCheckpoint(files, folder(checkpoint).path) : undefined)),
  );
  const adversarial = recipe ?? askedRecipe(options, parts[0]!.set.count);
  checkRequest(
    last.flatMap((found) => found?.checkpoint ?? []),
    settingOf(parts[0]!, parts.length, options, groups, adversarial),
    options.out,
  );

  await processes.barrier(); // all have read what is there before the first begins to change it
  const clock = openClock(processes, asked),
    { signal } = clock;
  const release = await claim(options.out);
  try {
    if (!options.resume) await clearFolder(folder);
    if (!before) {
      await writeInput(folder("input.json"), { ...input, inverted, ...shown });
      await writeFileAtomic(folder("config.json"), configText(options)); // told of a run that fails early, too
    }
    const log = await openEventLog(folder("events.jsonl"), options.resume);
    const emit = (event: UntimedEvent): void => {
      const timed: RunEvent = { ...event, time: new Date().toISOString() };
      log.append(timed);
      onEvent(timed);
    };
    try {
      for (const message of [...(everything.warnings ?? []), ...(warning === undefined ? [] : [warning])])
        emit({ type: "warning", message });
      const taken = last.map((found) => found?.checkpoint.elapsedSeconds ?? 0),
        joining = options.halfMaps ? joiningSeconds(set.boxSize, options.classes) : 0;
      const done: PartResult[] = [];
      for (const [i, part] of parts.entries()) {
        const result = await reconstructPart(
          {
            part,
            partCount: parts.length,
            last: last[i],
            paces: done[i - 1]?.paces ?? {},
            clock,
            // Other jobs slow the joining down; a quicker device does not help it.
            times: (elapsed, remaining, pace) =>
              runTimes(taken.with(i, elapsed), i, remaining, Math.max(1, pace) * joining),
          },
          {
            files,
            folder,
            options,
            inverted,
            groups,
            views,
            mask,
            shown,
            start,
            noiseBank,
            device,
            processes,
            origin,
            emit,
            signal,
            recipe: adversarial,
          },
        );
        done.push(result);
        taken[i] = result.elapsedSeconds;
      }
      const parted = await clock.meet(),
        [half1, half2] = done;
      const joined =
        half2 &&
        (await byFirst(processes, () =>
          withThread(options.threads !== 1 && set.boxSize >= leastForThread ? openThread : undefined, (beside) =>
            joinParts(folder, set, parts as [Part, Part], [half1!, half2], {
              mask,
              symmetry: options.symmetry,
              beside,
            }),
          ),
        ));
      const elapsedSeconds = taken.reduce((sum, seconds) => sum + seconds, ((await clock.meet()) - parted) / 1000);
      const finestShell = Math.min(...done.map((map) => map.finestShell)),
        cutOff = done.find((map) => map.cutOff !== undefined)?.cutOff;
      const method = done.every((part) => part.method === "cryogan") ? "cryogan" : "refined",
        boxAngstrom = set.boxSize * set.pixelSizeAngstrom,
        finestAngstrom = boxAngstrom / finestShell;
      const { classes: ofClasses } = joined ?? done[0]!,
        { motion } = done[0]!;
      const verdict = await conclude(
        folder,
        {
          boxAngstrom,
          finestAngstrom,
          method,
          ...(start ? { givenShell: boxAngstrom / start.resolutionAngstrom } : {}),
          ...(cutOff === undefined ? {} : { cutOff }),
          parts: done.map(({ evidence }) => evidence),
          ...(joined ? { halves: joined.evidence } : {}),
        },
        ofClasses,
        motion,
      );
      const finished: Finished = {
        type: "finished",
        elapsedSeconds,
        finestAngstrom,
        method,
        ...(joined?.concluded ?? { map: parts[0]!.map }),
        ...(ofClasses ? { classes: ofClasses } : {}),
        ...(motion ? { motion } : {}),
        verdict,
      };
      await folder(densityFile).remove();
      emit(finished);
      return { maps: done.map(({ map }) => map), elapsedSeconds, verdict, finished };
    } catch (error) {
      emit(endedBy(error, signal));
      throw error;
    } finally {
      await log.close();
    }
  } finally {
    await release();
  }
}

/** The verdict of a run, which result.json holds with what it rests on. */
async function conclude(
  folder: Folder,
  evidence: Evidence,
  classes?: ClassResult[],
  motion?: MotionResult,
): Promise<Verdict> {
  const verdict = judge(evidence),
    content: RunVerdict = { ...verdict, evidence, ...(classes ? { classes } : {}), ...(motion ? { motion } : {}) };
  await writeFileAtomic(folder("result.json"), JSON.stringify(content));
  return verdict;
}

/**
 * Contrast of the images as they are, and the width of the particle and how far it lies from the centre, where not
 * asked for.
 * @throws {InputError} where they are one image over and over
 */
async function lookAt(
  files: Files,
  set: ParticleSet,
  options: Pick<ReconstructOptions, "invertContrast" | "maskDiameter" | "mask" | "maxShift">,
): Promise<ChosenContrast & ParticleShown> {
  const { images, allAlike, contrast, extent } = await firstLook(files, set);
  if (allAlike)
    throw new InputError(
      `${set.source}: the images are all the same (${images} were compared); ` +
        "give the stacks that the particles were extracted to",
    );
  const chosen = chooseContrast(options.invertContrast, contrast);
  // The width is that of the density that is there, whatever was asked for.
  const bright = contrast && contrast.density !== "unclear" ? contrast.density === "bright" : !chosen.inverted;
  return { ...chosen, ...particleShown(extent, set, bright, options) };
}
