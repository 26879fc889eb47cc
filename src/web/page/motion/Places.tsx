import { useMemo, useState } from "preact/hooks";
import { formatCount } from "../../../base/format.ts";
import { countWithin, spreadOf } from "../../../charts/places.ts";
import type { RunEvent } from "../../../reconstruct/folder/events.ts";
import type { Range } from "../../../reconstruct/motionParticles.ts";
import type { RunSummary } from "../../live/source.ts";
import { Empty } from "../Empty.tsx";
import type { Page } from "../page.ts";
import { placesIn, selectedOf, starFile } from "../particles/star.ts";
import { useRunFile } from "../run/files.ts";
import { saveAs } from "../saveAs.ts";
import { SpreadPlot } from "./SpreadPlot.tsx";
import { nameOfSelection } from "./series.ts";

interface PlacesProps {
  page: Page;
  run: RunSummary;
  events: readonly RunEvent[];
  components: number;
  /** The map that is shown. */
  at: { component: number; z: number };
}

/** Where the particles are along one or two components; those of a part of it as a STAR file. */
export function Places({ page, run, events, components, at }: PlacesProps) {
  const file = useRunFile(page, run.id, starFile, events, placesIn);
  const [axes, setAxes] = useState<readonly number[]>(components > 1 ? [0, 1] : [0]),
    [ranges, setRanges] = useState<ReadonlyMap<number, Range>>(new Map()),
    [message, setMessage] = useState("");
  const places = file.value,
    spread = useMemo(() => places && spreadOf(axes.map((j) => places[j]!)), [places, axes]),
    chosen = useMemo(() => places && countWithin(places, ranges), [places, ranges]);
  const save = async () => {
    setMessage("");
    const bytes = await page.source.file(run.id, starFile);
    if (!bytes) throw new Error("it is not there any more");
    saveAs(nameOfSelection(ranges), await selectedOf(bytes, ranges));
  };
  const setAxis = (i: number, component: number) => {
    const other = axes[1 - i]!;
    setAxes(
      i === 0
        ? [component, other === component ? axes[0]! : other]
        : [other === component ? axes[1]! : other, component],
    );
    setRanges(new Map());
  };
  if (!places || !spread)
    return (
      <>
        <h3>Particles</h3>
        <Empty>
          {file.state === "loading"
            ? `Reading ${starFile}…`
            : file.state === "absent"
              ? `${starFile} is not there.`
              : file.message}
        </Empty>
      </>
    );
  const count = places[0]!.length;
  return (
    <section class="places" aria-label="Particles along the motion">
      <h3>Particles</h3>
      {components > 2 && (
        <div class="controls">
          {(["across", "up"] as const).map((name, i) => (
            <label key={name}>
              Component {name}{" "}
              <select value={axes[i]} onChange={(event) => setAxis(i, Number(event.currentTarget.value))}>
                {places.map((_, j) => (
                  <option key={j} value={j}>
                    {j + 1}
                  </option>
                ))}
              </select>
            </label>
          ))}
        </div>
      )}
      <SpreadPlot spread={spread} axes={axes} count={count} ranges={ranges} onRanges={setRanges} at={at} />
      <p class="note">
        {axes.length > 1
          ? "How many particles are where, by colour; drag a box to choose some. "
          : "How many particles are where; drag across to choose some. "}
        The dashed line is at the map shown.
      </p>
      <div class="ranges">
        {axes.map((j, i) => (
          <RangeFields
            key={j}
            component={j}
            range={ranges.get(j)}
            whole={spread.ranges[i]!}
            onRange={(range) => setRanges(new Map([...ranges, [j, range]]))}
          />
        ))}
      </div>
      <div class="controls">
        <p role="status">
          {ranges.size === 0
            ? `${formatCount(count)} particles, none chosen`
            : `${formatCount(chosen!)} of ${formatCount(count)} particles chosen (${percent(chosen!, count)})`}
        </p>
        <button
          type="button"
          disabled={ranges.size === 0 || chosen === 0}
          onClick={() =>
            void save().catch((error: Error) => setMessage(`${starFile} cannot be read: ${error.message}.`))
          }
        >
          Download STAR file
        </button>
        <button type="button" disabled={ranges.size === 0} onClick={() => setRanges(new Map())}>
          Clear
        </button>
      </div>
      {message && (
        <p class="note" role="status">
          {message}
        </p>
      )}
    </section>
  );
}

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;

interface RangeFieldsProps {
  component: number;
  range: Range | undefined;
  whole: Range;
  onRange: (range: Range) => void;
}

/** What the mouse does in the plot, by the keyboard. */
function RangeFields({ component, range, whole, onRange }: RangeFieldsProps) {
  const shown = range ?? whole,
    axis = `z along component ${component + 1}`;
  const field = (end: keyof Range) => (
    <label>
      {end === "low" ? `${axis} from ` : "to "}
      <input
        type="number"
        step="0.05"
        aria-label={`${axis}, ${end === "low" ? "from" : "to"}`}
        value={shown[end].toFixed(2)}
        onChange={(event) => {
          const value = Number.parseFloat(event.currentTarget.value);
          if (!Number.isFinite(value)) return;
          onRange(
            end === "low"
              ? { low: value, high: Math.max(value, shown.high) }
              : { low: Math.min(value, shown.low), high: value },
          );
        }}
      />
    </label>
  );
  return (
    <div class="controls">
      {field("low")}
      {field("high")}
    </div>
  );
}
