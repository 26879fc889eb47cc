import { useMemo } from "preact/hooks";
import { formatNumber } from "../../../base/format.ts";
import { saveAs } from "../saveAs.ts";
import { hexColor } from "../theme.ts";
import { chimeraxCommands } from "./chimerax.ts";
import { enclosedCubicAngstrom, enclosedText } from "./enclosed.ts";
import type { MapGrid } from "./grid.ts";
import { drawLegend } from "./legend.ts";
import { mapFile } from "./mapFile.ts";
import type { MapScene } from "./scene.ts";

export interface MapBarProps {
  /** As it is shown, in its hand. */
  grid: MapGrid;
  mirrored: boolean;
  levelSigma: number;
  /** Name of the file in the run folder. */
  file: string;
  /** Its bytes; `undefined` where it has gone. */
  read: () => Promise<ArrayBuffer | undefined>;
  /** From left to right. */
  scenes: readonly MapScene[];
  onMessage: (message: string) => void;
}

/** What the level encloses, and what is shown to take away: picture, file, commands for ChimeraX. */
export function MapBar({ grid, mirrored, levelSigma, file, read, scenes, onMessage }: MapBarProps) {
  const { mean, sigma } = grid.statistics,
    level = mean + levelSigma * sigma,
    shownFile = mirrored ? file.replace(".mrc", "_mirrored.mrc") : file;
  const enclosed = useMemo(() => enclosedText(enclosedCubicAngstrom(grid, level)), [grid, level]);
  const attempt = (work: () => Promise<void>) => {
    onMessage("");
    work().catch((error: Error) => onMessage(error.message));
  };
  const download = async () => {
    const content = mirrored ? mapFile(grid, `cryogan, the other hand of ${file}`) : await read();
    if (!content) throw new Error(`${file} is not there yet.`);
    saveAs(shownFile, content);
  };
  const copy = async () => {
    const commands = chimeraxCommands({ file: shownFile, map: grid, level, color: hexColor("surface") });
    try {
      await navigator.clipboard.writeText(commands);
    } catch {
      throw new Error(
        `This browser lets the page copy nothing. The commands are: ${commands.trim().replace(/\n/g, "; ")}`,
      );
    }
    onMessage(`Copied, for a new session of ChimeraX in the folder of ${shownFile}.`);
  };
  return (
    <>
      <p class="enclosed">
        {formatNumber(level)} in the units of the file; encloses {enclosed} at 0.81 Da/Å³.
      </p>
      <div class="controls">
        <button type="button" disabled={scenes.length === 0} onClick={() => attempt(() => savePicture(file, scenes))}>
          Picture (PNG)
        </button>
        <button type="button" onClick={() => attempt(download)}>
          Download {shownFile}
        </button>
        <button type="button" onClick={() => attempt(copy)}>
          Copy ChimeraX commands
        </button>
      </div>
    </>
  );
}

/** All scenes side by side, at twice the pixels of the screen. */
async function savePicture(file: string, scenes: readonly MapScene[]): Promise<void> {
  const pictures = await Promise.all(scenes.map((scene) => scene.picture())),
    whole = document.createElement("canvas"),
    context = whole.getContext("2d")!;
  whole.width = pictures.reduce((sum, { width }) => sum + width, 0);
  whole.height = Math.max(...pictures.map(({ height }) => height));
  let left = 0;
  for (const [i, picture] of pictures.entries()) {
    const one = Object.assign(document.createElement("canvas"), { width: picture.width, height: picture.height }),
      drawn = one.getContext("2d")!;
    drawn.putImageData(picture, 0, 0);
    drawLegend(drawn, scenes[i]!.legend(), 2 * devicePixelRatio);
    context.drawImage(one, left, 0);
    left += picture.width;
  }
  const blob = await new Promise<Blob | null>((resolve) => whole.toBlob(resolve));
  if (!blob) throw new Error("The browser has no memory for the picture.");
  saveAs(file.replace(".mrc", ".png"), blob);
}
