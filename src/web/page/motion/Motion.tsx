import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { formatCount, formatNumber } from "../../../base/format.ts";
import type { RunEvent } from "../../../reconstruct/folder/events.ts";
import type { RunSummary } from "../../live/source.ts";
import { Empty, NotThere } from "../Empty.tsx";
import type { MapGrid } from "../map/grid.ts";
import { MapCanvas } from "../map/MapCanvas.tsx";
import { readGrid } from "../map/readGrid.ts";
import { nameOf, type Page } from "../page.ts";
import { hasMotion } from "../run/words.ts";
import { saveAs } from "../saveAs.ts";
import { Places } from "./Places.tsx";
import { levelIn, motionIn, placeAt, type Series } from "./series.ts";

/** Time that each map is shown for. */
const eachMs = 250;

/** Maps of a series, read one after another; empty until all are there. */
function useMaps(
  { source }: Page,
  run: string,
  series: Series | undefined,
  onMessage: (message: string) => void,
): readonly MapGrid[] {
  const [maps, setMaps] = useState<{ of: Series; grids: readonly MapGrid[] }>();
  useEffect(() => {
    if (!series) return;
    let current = true;
    const read = async () => {
      const { toPlay } = await import("./toPlay.ts"),
        grids: MapGrid[] = [];
      for (const { map } of series.series) {
        const bytes = await source.file(run, map);
        if (!current) return;
        if (!bytes) throw new Error(`${map} is not there`);
        grids.push(toPlay(await readGrid(bytes)));
      }
      setMaps({ of: series, grids });
    };
    read().catch((error: Error) => current && onMessage(`The maps cannot be shown: ${error.message}.`));
    return () => {
      current = false;
    };
  }, [source, run, series]);
  return maps && maps.of === series ? maps.grids : [];
}

/** A molecule that moves: maps along its components, by a slider or played, and where its particles are. */
export function Motion({ page, run, events }: { page: Page; run: RunSummary; events: readonly RunEvent[] }) {
  const motion = motionIn(events),
    start = events.findLast((event) => event.type === "start");
  const [component, setComponent] = useState(0),
    [step, setStep] = useState(0),
    [plays, setPlays] = useState(false),
    [message, setMessage] = useState("");
  const shown = motion?.components[component],
    maps = useMaps(page, run.id, shown, setMessage);
  // Before the next frame: no step is taken after Pause.
  useLayoutEffect(() => {
    if (!plays || maps.length === 0) return;
    const timer = setInterval(() => setStep((before) => before + 1), eachMs);
    return () => clearInterval(timer);
  }, [plays, maps]);
  if (!motion || !shown)
    return hasMotion(events) ? (
      <NotThere run={run} what="motion" comes="it is shown when the run has ended" />
    ) : (
      <Empty>
        A rigid molecule. <code>--motion 1</code> looks for one direction in which it moves, and gives each particle its
        place along it.
      </Empty>
    );

  const { series, number } = shown,
    place = placeAt(step, series.length),
    { z, map } = series[place]!,
    grid = maps[place],
    // One density for all, that of the middle one at the level asked for, so that what comes and goes is the molecule.
    middle = maps[maps.length >> 1],
    level =
      grid && middle ? levelIn(grid, page.address.value.levelSigma ?? middle.statistics.defaultLevelSigma, middle) : 0;
  const at = `z = ${z.toFixed(2)}`;
  const download = async () => {
    const bytes = await page.source.file(run.id, map);
    if (bytes) saveAs(map, bytes);
    else setMessage(`${map} is not there.`);
  };
  return (
    <>
      <section class="motion" aria-label="Maps along the motion">
        <h3>
          {motion.components.length > 1 ? `Component ${number} of ${motion.components.length}` : "Along the motion"}
        </h3>
        <figure class="view">
          <MapCanvas
            label={`${map} of ${nameOf(page, run)}, ${at} along component ${number}`}
            map={grid}
            levelSigma={level}
            spin={false}
            color="surface"
            onScene={() => {}}
            onMessage={setMessage}
          />
          <figcaption>
            {maps.length === 0 && !message ? "loading the maps…" : `${map}: ${at}`}
            {grid && start && grid.shape[0] < start.boxSize && `, drawn at ${grid.shape[0]} px`}
          </figcaption>
        </figure>
        {message && (
          <p class="note" role="status">
            {message}
          </p>
        )}
        <div class="controls">
          <button type="button" aria-pressed={plays} disabled={maps.length === 0} onClick={() => setPlays(!plays)}>
            {plays ? "Pause" : "Play"}
          </button>
          <label class="slider">
            <span>
              Along it <output>{at}</output>
            </span>
            <input
              type="range"
              aria-label="Along the motion"
              aria-valuetext={`${at}, map ${place + 1} of ${series.length}`}
              min="0"
              max={series.length - 1}
              step="1"
              value={place}
              onInput={(event) => {
                setPlays(false);
                setStep(Number(event.currentTarget.value));
              }}
            />
          </label>
          {motion.components.length > 1 && (
            <label>
              Component{" "}
              <select
                value={component}
                onChange={(event) => {
                  setMessage("");
                  setComponent(Number(event.currentTarget.value));
                }}
              >
                {motion.components.map((each, i) => (
                  <option key={each.number} value={i}>
                    {each.number}
                  </option>
                ))}
              </select>
            </label>
          )}
          <button type="button" onClick={() => void download()}>
            Download {map}
          </button>
        </div>
        <table class="series">
          <thead>
            <tr>
              <th scope="col">Map</th>
              <th scope="col">z</th>
              <th scope="col">Particles about it</th>
              <th scope="col">Its halves agree to</th>
            </tr>
          </thead>
          <tbody>
            {series.map((each, i) => (
              <tr key={each.map} aria-current={i === place ? "true" : undefined}>
                <th scope="row">{each.map}</th>
                <td>{each.z.toFixed(2)}</td>
                <td>
                  {(100 * each.share).toFixed(1)} %
                  {start && ` · ${formatCount(Math.round(each.share * start.particles))}`}
                </td>
                <td>{each.resolutionAngstrom === undefined ? "" : `${formatNumber(each.resolutionAngstrom)} Å`}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <p class="note">
          The component has {formatNumber(100 * shown.power, 2)} % of the power of the mean, and was worked out to{" "}
          {formatNumber(motion.resolutionAngstrom)} Å. Halves of the particles about a map share their poses.
        </p>
      </section>
      <Places page={page} run={run} events={events} components={motion.components.length} at={{ component, z }} />
    </>
  );
}
