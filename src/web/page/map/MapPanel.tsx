import { useEffect, useRef, useState } from "preact/hooks";
import { formatNumber } from "../../../base/format.ts";
import { densityFile, type RunEvent } from "../../../reconstruct/folder/events.ts";
import type { RunSummary } from "../../live/source.ts";
import { isResultFile, type MapFile } from "../address.ts";
import type { RunShown } from "../compare/Both.tsx";
import { DifferencePanel } from "../compare/Difference.tsx";
import { useBetween } from "../compare/useBetween.ts";
import { coarserResolution } from "../compare/words.ts";
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
import { useHand } from "./useHand.ts";
import { linkViews } from "./view.ts";

/** "map.mrc" → "map", "half1.mrc" → "half-map 1", "class2_half1.mrc" → "class 2, half-map 1". */
const nameOfFile = (file: MapFile): string =>
  file === densityFile
    ? "density as it stands"
    : file.replace(".mrc", "").replace("_", ", ").replace("half", "half-map ").replace("class", "class ");

/** The map, turned over to the other hand if that is wanted. */
function useGrid(
  page: Page,
  shown: RunShown | undefined,
  mirror: boolean,
): { file: MapFile; grid: MapGrid | undefined; read: RunFile<MapGrid> } {
  const file = shownMapFile(page.address.value.map, shown?.events ?? []);
  const read = useRunFile(page, shown?.run.id, file, shown?.events ?? [], readGrid);
  return { file, read, grid: useHand(read.value, mirror) };
}

/** State of the run that is shown, gone as soon as it is another. */
function useOfRun<T>(id: string, initial: T): [T, (value: T) => void] {
  const shown = useRef(id),
    [kept, keep] = useState({ id, value: initial });
  shown.current = id;
  return [kept.id === id ? kept.value : initial, (value) => keep({ id: shown.current, value })];
}

const middle = { x: 0, y: 0, z: 0 };

/** Of scenes, from left to right; the third has the difference. */
const places = ["first", "second", "third"] as const;
type Place = (typeof places)[number];

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

/**
 * The map of the run and what can be done with it; that of the run it is compared with stands beside it. It stays when
 * another run is shown: to make a scene anew takes longer than all else.
 */
export function MapPanel({ page, run, events, other }: RunShown & { page: Page; other?: RunShown | undefined }) {
  const { levelSigma, planes = middle, cut, mirrored, spin, map: wantedFile } = page.address.value;
  const mine = useGrid(page, { run, events }, mirrored);
  const theirs = useGrid(page, other, mirrored);
  const comparison = useBetween(
    mine.read.value,
    other && theirs.read.value,
    other && coarserResolution(events, other.events),
  );
  const { between } = comparison.state ?? {},
    aligned = useHand(between?.aligned, mirrored),
    difference = useHand(between?.difference, mirrored),
    beside = between ? { ...theirs, grid: aligned } : theirs;
  const [scenes, setScenes] = useState<{ [place in Place]?: MapScene | undefined }>({}),
    shownScenes = places.map((place) => scenes[place]).filter((scene) => scene !== undefined);
  const [dropped, drop] = useOfRun<File | undefined>(run.id, undefined);
  const [message, setMessage] = useOfRun(run.id, "");
  const keepScene = (place: Place) => (scene: MapScene | undefined) =>
    setScenes((before) => ({ ...before, [place]: scene }));
  useEffect(() => (shownScenes.length > 1 ? linkViews(shownScenes) : undefined), shownScenes);

  useTruth(page, run, events, drop);

  const statistics = mine.grid?.statistics;
  const level = levelSigma ?? statistics?.defaultLevelSigma ?? 0;
  const highest = Math.max(statistics?.highestLevelSigma ?? 10, level);
  const choose = (change: Parameters<typeof go>[1]) => go(page, change);
  const fit = useFit(dropped, mine.read.value, ({ report }) => choose({ mirrored: report.alignment!.mirrored }));
  const take = (files: FileList | null | undefined) => {
    if (files?.[0]) drop(files[0]);
  };
  const canvas = (shown: RunShown, grid: ReturnType<typeof useGrid>, place: "first" | "second") => (
    <figure class="view">
      <MapCanvas
        label={`${nameOfFile(grid.file)} of ${nameOf(page, shown.run)} at ${formatNumber(level, 2)} sigma`}
        of={shown.run.id}
        map={grid.grid}
        levelSigma={levelSigma ?? grid.grid?.statistics.defaultLevelSigma ?? 0}
        cut={cut && { axis: cut, placeAngstrom: planes[cut] }}
        spin={spin && place === "first"}
        color={place === "first" ? "surface" : "surface2"}
        over={place === "first" && dropped ? { file: dropped, fitted: fit?.fitted, mirrored } : undefined}
        onScene={keepScene(place)}
        onMessage={setMessage}
      />
      <figcaption>
        {caption(other ? `${nameOf(page, shown.run)}${place === "second" && between ? ", aligned" : ""}: ` : "", grid)}
      </figcaption>
    </figure>
  );

  const slices = (shown: RunShown, { file, grid }: ReturnType<typeof useGrid>) =>
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
        <button type="button" onClick={() => shownScenes.forEach((scene) => scene.resetView())}>
          Reset view
        </button>
        <label>
          Show{" "}
          <select value={mine.file} onChange={(event) => choose({ map: event.currentTarget.value as MapFile })}>
            {[...offeredMapFiles(events), ...(isResultFile(mine.file) ? [mine.file] : [])].map((file) => (
              <option key={file} value={file}>
                {nameOfFile(file)}
              </option>
            ))}
          </select>
        </label>
        {other && comparison.start && (
          <button
            type="button"
            aria-pressed={comparison.state !== undefined}
            title={`Turn, shift and, if need be, mirror the map of ${nameOf(page, other.run)} onto that of this run`}
            onClick={comparison.state ? comparison.end : comparison.start}
          >
            Align and subtract
          </button>
        )}
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
          file={mine.file.split("/").at(-1)!}
          read={() => page.source.file(run.id, mine.file)}
          scenes={shownScenes}
          onMessage={setMessage}
        />
      )}
      {wantedFile !== mine.file && wantedFile !== densityFile && mine.read.value && (
        <p class="note">
          There is no {wantedFile} yet; {mine.file} is shown.
        </p>
      )}
      {other && comparison.state && (
        <DifferencePanel
          state={comparison.state}
          name={nameOf(page, run)}
          other={nameOf(page, other.run)}
          difference={difference}
          planes={planes}
          cut={cut}
          onMove={(next) => choose({ planes: next })}
          onCut={(axis) => choose({ cut: axis })}
          onScene={keepScene("third")}
          onMessage={setMessage}
        />
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
