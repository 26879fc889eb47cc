/** What a set of particles leaves in the run folder. */
import type { Volume } from "../../base/types.ts";
import { writeFileAtomic } from "../../io/files.ts";
import { writeMap } from "../../io/mrc.ts";
import { writeParticlesStar } from "../../io/particles.ts";
import { classesIn, eachClass, fileOfClass, largestClass, volumeOf } from "../classes.ts";
import { type Checkpoint, writeCheckpoint } from "../folder/checkpoint.ts";
import { configText } from "../folder/config.ts";
import { densityFile } from "../folder/events.ts";
import { mapOfVolume, writeSpectra, writeStageFiles } from "../folder/output.ts";
import { shownClasses } from "../folder/shownClasses.ts";
import { movedToMiddle } from "../measure/centreOfMass.ts";
import { methodOf } from "../method.ts";
import { componentMap, meanMap, seriesMap } from "../motionMaps.ts";
import type { ImageContext, Part, ReconstructedMap, StageResult, StageVolume } from "../stage.ts";
import { isEmpty } from "./classResults.ts";
import { foundParticles, probabilities } from "./foundParticles.ts";
import { motionColumns } from "./motionResult.ts";
import type { PartEnvironment } from "./prepare.ts";
import type { Setting } from "./setting.ts";

export interface PartFolder {
  /** config.json: the options, and the stages as they stand. */
  writeConfig(state: Checkpoint): Promise<void>;
  writeSpectra(state: Checkpoint): Promise<void>;
  saveCheckpoint(state: Checkpoint): Promise<void>;
  /**
   * The map as it stands, at the particles' own box and pixel size, its molecule in the middle; of several classes that
   * of the largest, and beside it a map of each.
   */
  writeResult(state: Checkpoint): Promise<Volume>;
  /** density.mrc: what the stage at work has come to, at its own box; of several classes the largest. */
  writeDensity(density: StageVolume, state: Checkpoint): Promise<void>;
  /** The same before the mask; it is not written. */
  unmaskedResult(state: Checkpoint): Volume;
  /** What a class came to, with its mask and without; it is not written. */
  ofClass(state: Checkpoint, c: number): ReconstructedMap;
  /** @param state after the stage */
  writeStageFiles(state: Checkpoint, result: StageResult, context: ImageContext): Promise<void>;
  /** Names of the maps of several classes that are not empty. */
  classMaps(state: Checkpoint): string[];
  /** Maps of a molecule that moves, as far as they are there. @returns their names */
  writeMotion(state: Checkpoint): Promise<string[]>;
  /** particles.star: what was found of all, where there are classes or a motion; of halves when they are joined. */
  writeParticles(state: Checkpoint): Promise<void>;
}

/** In the map's header. */
const mapLabel = ({ schedule: { stages }, stage }: Checkpoint, given: boolean): string =>
  `cryogan ${given ? "reconstruction from a given map" : "ab-initio reconstruction"}, ` +
  (methodOf(stages.slice(0, stage)) === "cryogan" ? "adversarial stages alone" : "refined by likelihood");

export function openPartFolder(
  { set, map, checkpoint, half }: Part,
  partCount: number,
  { boxAngstrom, maskRadius, budget }: Setting,
  { folder, options, inverted, start, emit }: PartEnvironment,
): PartFolder {
  let written: { of: StageVolume; map: Volume } | undefined;
  const mapOf = (densities: StageVolume, c: number, { schedule, places }: Checkpoint): Volume => {
    const density = volumeOf(densities, c),
      place = places?.[c],
      centred = place ? { n: density.n, data: movedToMiddle(density, place) } : density;
    return mapOfVolume(centred, schedule.workingBox, set.boxSize, set.pixelSizeAngstrom);
  };
  const classMaps = ({ volume, shares }: Checkpoint): string[] =>
    !volume || classesIn(volume) === 1
      ? []
      : eachClass(classesIn(volume), (c) => c).flatMap((c) =>
          isEmpty(shares?.[c] ?? 1, set.count) ? [] : [fileOfClass(c, map)],
        );
  return {
    classMaps,
    async writeConfig(state) {
      const used = {
        particles: set.count * partCount,
        box: state.schedule.workingBox,
        maskRadius,
        shiftSigma: budget.shiftSigma,
        invertContrast: inverted,
        ...(start && { start: { map: start.path, resolutionAngstrom: start.resolutionAngstrom } }),
        stages: state.schedule.stages,
      };
      await writeFileAtomic(folder("config.json"), configText(options, used));
    },
    writeSpectra: ({ schedule }) => writeSpectra(folder, schedule.spectra!, boxAngstrom),
    async saveCheckpoint(state) {
      await writeCheckpoint(folder(checkpoint), state);
      emit({
        type: "checkpoint",
        stage: state.stage + 1,
        iteration: state.progress?.iteration ?? 0,
        path: checkpoint,
        ...(half === undefined ? {} : { half }),
      });
    },
    async writeResult(state) {
      const volume = state.volume!;
      if (written?.of === volume) return written.map;
      const classes = classesIn(volume),
        largest = largestClass(volume, state.shares),
        ofLargest = mapOf(volume, largest, state),
        label = mapLabel(state, start !== undefined);
      const there = classMaps(state);
      for (let c = 0; classes > 1 && c < classes; c++) {
        const name = fileOfClass(c, map);
        if (there.includes(name))
          await writeMap(folder(name), c === largest ? ofLargest : mapOf(volume, c, state), `${label}, class ${c + 1}`);
        else await folder(name).remove();
      }
      written = { of: volume, map: ofLargest };
      await writeMap(folder(map), ofLargest, label);
      return ofLargest;
    },
    async writeDensity(density, { schedule, shares }) {
      const { n } = density,
        one = volumeOf(density, largestClass(density, shares));
      await writeMap(
        folder(densityFile),
        mapOfVolume(one, schedule.workingBox, n, boxAngstrom / n),
        "cryogan, density inside of a stage",
      );
    },
    unmaskedResult: (state) => {
      const volume = state.volume!;
      return mapOf({ n: volume.n, data: volume.unmasked }, largestClass(volume, state.shares), state);
    },
    ofClass(state, c) {
      const { n, data, unmasked } = state.volume!;
      return {
        map: mapOf({ n, data }, c, state),
        unmasked: mapOf({ n, data: unmasked }, c, state),
        finestShell: n / 2,
      };
    },
    async writeMotion(state) {
      const { found, start, series } = state.motion!,
        ofModel = found ? { n: found.model.n, data: found.model.volumes } : start!,
        names: string[] = [];
      const write = async (name: string, densities: StageVolume, c: number, label: string): Promise<void> => {
        // Moved as the map is.
        const moved = { ...state, places: state.places && eachClass(classesIn(densities), () => state.places![0]!) };
        await writeMap(folder(name), mapOf(densities, c, moved), `cryogan ${label}`);
        names.push(name);
      };
      await write(meanMap, ofModel, 0, "mean of the motion");
      for (let j = 1; j < classesIn(ofModel); j++)
        await write(componentMap(j - 1), ofModel, j, `component ${j} of the motion`);
      for (const [j, { volume, places }] of series.entries())
        for (const [i, z] of places.entries())
          await write(seriesMap(j, i), volume, i, `map at ${z.toFixed(2)} along component ${j + 1} of the motion`);
      return names;
    },
    async writeParticles(state) {
      const { motion } = state;
      if (motion?.found) {
        const found = { ...state, ...motion.found.placement, ...motion.placement, memberships: undefined };
        await writeParticlesStar(folder("particles.star"), foundParticles(set, found), {
          poses: true,
          columns: motionColumns(motion.found),
        });
      }
      if (half !== undefined || !state.memberships) return;
      await writeParticlesStar(folder("particles.star"), foundParticles(set, state), {
        poses: state.poses !== undefined,
        columns: probabilities(state, set.count),
      });
    },
    writeStageFiles(state, result, context) {
      const { volume, shares, templates } = result,
        several = classesIn(volume) > 1,
        largest = largestClass(volume, shares),
        symbols = options.symmetry.split(","),
        directions = result.directions?.[largest];
      const shown = {
        volume: several ? volumeOf(volume, largest) : volume,
        templates,
        directions: directions && {
          ...directions,
          ...(several ? { symmetry: symbols[largest] ?? options.symmetry } : {}),
        },
        // Classes have the numbers of half 1.
        classes: half === 2 ? undefined : shownClasses(result, state.halfSamples, context, symbols),
      };
      return writeStageFiles(folder, shown, context, half);
    },
  };
}
