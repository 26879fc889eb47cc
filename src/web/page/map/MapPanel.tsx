import { useEffect, useState } from "preact/hooks";
import { formatNumber } from "../../../base/format.ts";
import type { RunEvent } from "../../../reconstruct/folder/events.ts";
import type { RunSummary } from "../../live/source.ts";
import { asItStands, type MapFile } from "../address.ts";
import { FitPanel, useFit } from "../fit/FitPanel.tsx";
import { go, nameOf, type Page } from "../page.ts";
import { type RunFile, useRunFile } from "../run/files.ts";
import { offeredMapFiles, shownMapFile } from "./choice.ts";
import type { MapGrid } from "./grid.ts";
import { MapBar } from "./MapBar.tsx";
import { MapCanvas } from "./MapCanvas.tsx";
import { readGrid } from "./readGrid.ts";
import { Slices } from "./Slices.tsx";
import type { MapScene } from "./scene.ts";
import { linkViews } from "./view.ts";

interface Shown {
  run: RunSummary;
  events: readonly RunEvent[];
}

/** "map.mrc" → "map", "half1.mrc" → "half-map 1", "class2_half1.mrc" → "class 2, half-map 1". */
const nameOfFile = (file: MapFile): string =>
  file === asItStands
    ? "density as it stands"
    : file.replace(".mrc", "").replace("_", ", ").replace("half", "half-map ").replace("class", "class ");

/** The map, turned over to the other hand if that is wanted. */
function useGrid(
  page: Page,
  shown: Shown | undefined,
  mirror: boolean,
): { file: MapFile; grid: MapGrid | undefined; read: RunFile<MapGrid> } {
  const file = shownMapFile(page.address.value.map, shown?.events ?? []);
  const read = useRunFile(page, shown?.run.id, file, shown?.events ?? [], readGrid);
  const [turned, setTurned] = useState<{ from: MapGrid; grid: MapGrid }>();
  useEffect(() => {
    const from = read.value;
    if (mirror && from) void import("./grid.ts").then(({ mirrored }) => setTurned({ from, grid: mirrored(from) }));
  }, [mirror, read.value]);
  return { file, read, grid: mirror ? (turned?.from === read.value ? turned?.grid : undefined) : read.value };
}

const middle = { x: 0, y: 0, z: 0 };

/** Once a run on simulated particles has finished, the truth is laid over its map. */
function useTruth(
  { source }: Page,
  { id }: RunSummary,
  events: readonly RunEvent[],
  show: (truth: File) => void,
): void {
  const isFinished = events.at(-1)?.type === "finished";
  useEffect(() => {
    if (!isFinished || !source.truth) return;
    let current = true;
    source.truth(id).then(
      (bytes) => current && bytes && show(new File([bytes], "truth.mrc")),
      () => {}, // the demo of an earlier visit may be gone
    );
    return () => {
      current = false;
    };
  }, [source, id, isFinished]);
}

/** The map of the run and what can be done with it; that of the run it is compared with stands beside it. */
export function MapPanel({ page, run, events, other }: Shown & { page: Page; other?: Shown | undefined }) {
  const { levelSigma, planes = middle, cut, mirrored, spin, map: wantedFile } = page.address.value;
  const mine = useGrid(page, { run, events }, mirrored);
  const beside = useGrid(page, other, mirrored);
  const [scenes, setScenes] = useState<{ first?: MapScene | undefined; second?: MapScene | undefined }>({});
  const [dropped, drop] = useState<File>();
  const [message, setMessage] = useState("");
  useEffect(() => {
    const { first, second } = scenes;
    return first && second ? linkViews([first, second]) : undefined;
  }, [scenes.first, scenes.second]);

  useTruth(page, run, events, drop);

  const statistics = mine.grid?.statistics;
  const level = levelSigma ?? statistics?.defaultLevelSigma ?? 0;
  const highest = Math.max(statistics?.highestLevelSigma ?? 10, level);
  const choose = (change: Parameters<typeof go>[1]) => go(page, change);
  const fit = useFit(dropped, mine.read.value, ({ report }) => choose({ mirrored: report.alignment!.mirrored }));
  const take = (files: FileList | null | undefined) => {
    if (files?.[0]) drop(files[0]);
  };
  const canvas = (shown: Shown, grid: ReturnType<typeof useGrid>, place: "first" | "second") => (
    <figure class="view">
      <MapCanvas
        label={`${nameOfFile(grid.file)} of ${nameOf(page, shown.run)} at ${formatNumber(level, 2)} sigma`}
        map={grid.grid}
        levelSigma={levelSigma ?? grid.grid?.statistics.defaultLevelSigma ?? 0}
        cut={cut && { axis: cut, placeAngstrom: planes[cut] }}
        spin={spin && place === "first"}
        color={place === "first" ? "surface" : "surface2"}
        over={place === "first" && dropped ? { file: dropped, fitted: fit?.fitted, mirrored } : undefined}
        onScene={(scene) => setScenes((before) => ({ ...before, [place]: scene }))}
        onMessage={setMessage}
      />
      <figcaption>{caption(other ? `${nameOf(page, shown.run)}: ` : "", grid)}</figcaption>
    </figure>
  );

  const slices = (shown: Shown, { file, grid }: ReturnType<typeof useGrid>) =>
    grid && (
      <div class="view">
        <Slices
          map={grid}
          name={other ? `${nameOfFile(file)} of ${nameOf(page, shown.run)}` : nameOfFile(file)}
          planes={planes}
          cut={cut}
          onMove={(next) => choose({ planes: next })}
          onCut={(axis) => choose({ cut: axis })}
        />
      </div>
    );

  return (
    <section
      class="map"
      aria-label="Map"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        take(event.dataTransfer?.files);
      }}
    >
      <div class="views">
        {canvas({ run, events }, mine, "first")}
        {other && canvas(other, beside, "second")}
      </div>
      {message && (
        <p class="note" role="status">
          {message}
        </p>
      )}
      <div class="views">
        {slices({ run, events }, mine)}
        {other && slices(other, beside)}
      </div>
      <div class="controls">
        <label class="slider">
          <span>
            Level <output>{formatNumber(level, 2)} σ</output>
          </span>
          <input
            type="range"
            aria-label="Level"
            aria-valuetext={`${formatNumber(level, 2)} sigma`}
            min="0"
            max={highest}
            step="0.05"
            value={level}
            disabled={!statistics}
            onInput={(event) => choose({ levelSigma: Number(event.currentTarget.value) })}
          />
        </label>
        <button
          type="button"
          title="The level that best parts particle and solvent (Otsu)"
          disabled={levelSigma === undefined}
          onClick={() => choose({ levelSigma: undefined })}
        >
          Auto
        </button>
        <button type="button" aria-pressed={spin} onClick={() => choose({ spin: !spin })}>
          Spin
        </button>
        <button
          type="button"
          aria-pressed={mirrored}
          title="Mirror the map: projections cannot tell the hands apart. cryogan flip writes the mirrored map."
          onClick={() => choose({ mirrored: !mirrored })}
        >
          Other hand
        </button>
        <button
          type="button"
          onClick={() => {
            scenes.first?.resetView();
            scenes.second?.resetView();
          }}
        >
          Reset view
        </button>
        <label>
          Show{" "}
          <select value={mine.file} onChange={(event) => choose({ map: event.currentTarget.value as MapFile })}>
            {offeredMapFiles(events).map((file) => (
              <option key={file} value={file}>
                {nameOfFile(file)}
              </option>
            ))}
          </select>
        </label>
        <label class="button">
          Fit a model or map…
          <input
            type="file"
            accept=".pdb,.ent,.cif,.mmcif,.mrc,.map,.ccp4,.gz"
            onChange={(event) => take(event.currentTarget.files)}
          />
        </label>
        {dropped && (
          <button
            type="button"
            onClick={() => {
              drop(undefined);
              setMessage("");
            }}
          >
            Remove {dropped.name}
          </button>
        )}
      </div>
      {fit && <FitPanel state={fit} />}
      {mine.grid && (
        <MapBar
          grid={mine.grid}
          mirrored={mirrored}
          levelSigma={level}
          file={mine.file}
          read={() => page.source.file(run.id, mine.file)}
          scenes={[scenes.first, scenes.second].filter((scene) => scene !== undefined)}
          onMessage={setMessage}
        />
      )}
      {wantedFile !== mine.file && wantedFile !== asItStands && mine.read.value && (
        <p class="note">
          There is no {wantedFile} yet; {mine.file} is shown.
        </p>
      )}
    </section>
  );
}

function caption(name: string, { read, file, grid }: ReturnType<typeof useGrid>): string {
  if (read.state === "loading" || (read.state === "there" && !grid)) return `${name}loading ${file}…`;
  if (read.state === "broken") return `${name}${read.message}`;
  if (!grid) return `${name}No map yet: the first comes with the first iterations.`;
  const edge = grid.shape[0] * grid.pixelSizeAngstrom;
  return (
    `${name}${nameOfFile(file)}, ${grid.shape[0]} px, box ${formatNumber(edge)} Å. ` +
    "Drag to turn, scroll to zoom; drop a PDB, mmCIF or MRC file to fit it to the map."
  );
}
