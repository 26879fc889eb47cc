/** What a set of particles leaves in the run folder. */
import type { Volume } from "../../base/types.ts";
import { writeFileAtomic } from "../../io/files.ts";
import { writeMap } from "../../io/mrc.ts";
import { type Checkpoint, writeCheckpoint } from "../folder/checkpoint.ts";
import { configText } from "../folder/config.ts";
import { mapOfVolume, writeSpectra, writeStageFiles } from "../folder/output.ts";
import { movedToMiddle } from "../measure/centreOfMass.ts";
import { methodOf } from "../method.ts";
import type { ImageContext, Part, StageResult, StageVolume } from "../stage.ts";
import type { PartEnvironment } from "./prepare.ts";
import type { Setting } from "./setting.ts";

export interface PartFolder {
  /** config.json: the options, and the stages as they stand. */
  writeConfig(state: Checkpoint): Promise<void>;
  writeSpectra(state: Checkpoint): Promise<void>;
  saveCheckpoint(state: Checkpoint): Promise<void>;
  /** A density in the scale of the stages as a map at the particles' own box and pixel size, in its middle. */
  mapOf(density: StageVolume, state: Checkpoint): Volume;
  /** The map as it stands. */
  writeResult(state: Checkpoint): Promise<Volume>;
  writeStageFiles(result: StageResult, context: ImageContext): Promise<void>;
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
  const mapOf = (density: StageVolume, { schedule, place }: Checkpoint): Volume => {
    const centred = place ? { n: density.n, data: movedToMiddle(density, place) } : density;
    return mapOfVolume(centred, schedule.workingBox, set.boxSize, set.pixelSizeAngstrom);
  };
  return {
    mapOf,
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
      written = { of: volume, map: mapOf(volume, state) };
      await writeMap(folder(map), written.map, mapLabel(state, start !== undefined));
      return written.map;
    },
    writeStageFiles: (result, context) => writeStageFiles(folder, result, context, half),
  };
}
