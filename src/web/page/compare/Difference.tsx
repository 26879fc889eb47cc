import { useMemo, useState } from "preact/hooks";
import { formatNumber } from "../../../base/format.ts";
import { fscChart, resolutionText } from "../../../charts/runCharts.ts";
import type { Axis, Planes } from "../address.ts";
import { Plot } from "../charts/Plot.tsx";
import { SearchProgress } from "../fit/SearchProgress.tsx";
import type { MapGrid } from "../map/grid.ts";
import { MapCanvas } from "../map/MapCanvas.tsx";
import { mapFile } from "../map/mapFile.ts";
import { Slices } from "../map/Slices.tsx";
import type { MapScene } from "../map/scene.ts";
import { saveAs } from "../saveAs.ts";
import type { Between } from "./between.ts";
import type { BetweenState } from "./useBetween.ts";
import { alignedText, betweenText, differenceText } from "./words.ts";

interface Names {
  name: string;
  other: string;
}

interface Shown {
  /** In the hand that is shown. */
  difference: MapGrid | undefined;
  planes: Planes;
  cut: Axis | undefined;
  onMove: (planes: Planes) => void;
  onCut: (axis: Axis | undefined) => void;
  onScene: (scene: MapScene | undefined) => void;
  onMessage: (message: string) => void;
}

/** How the search stands; then how alike two maps are, and what one has more than the other. */
export function DifferencePanel({ state, ...props }: Names & Shown & { state: BetweenState }) {
  const { step, done, between, problem } = state;
  return (
    <section class="fit" aria-label="Difference">
      <h3>Difference</h3>
      <p role="status">
        {problem
          ? `${props.other} cannot be aligned to ${props.name}: ${problem}`
          : between
            ? alignedText(props.name, props.other, between)
            : `Aligning ${props.other} to ${props.name}…`}
      </p>
      {!between && !problem && <SearchProgress step={step} done={done} before="preparing" />}
      {between && <Difference {...props} between={between} />}
    </section>
  );
}

function Difference(props: Names & Shown & { between: Between }) {
  const { name, other, between, difference: map, planes, cut, onMove, onCut, onScene, onMessage } = props;
  const { defaultLevelSigma, highestLevelSigma } = between.difference.statistics;
  const [level, setLevel] = useState(defaultLevelSigma);
  const { fsc } = between.report,
    chart = useMemo(
      () => ({ ...fscChart(fsc), id: "between", title: `Fourier shell correlation ${betweenText(name, other)}` }),
      [fsc, name, other],
    );
  const text = `±${formatNumber(level, 2)} σ`;
  return (
    <>
      <p class="note">{differenceText(name, other, between)}</p>
      <div class="views">
        <figure class="view">
          <MapCanvas
            label={`${name} minus ${other} at plus and minus ${formatNumber(level, 2)} sigma`}
            map={map}
            levelSigma={level}
            cut={cut && { axis: cut, placeAngstrom: planes[cut] }}
            spin={false}
            color="blue"
            colorBelow="orange"
            onScene={onScene}
            onMessage={onMessage}
          />
          <figcaption class="signs">
            <span>
              <i style={{ background: "var(--blue)" }} />+ {name} has more
            </span>
            <span>
              <i style={{ background: "var(--orange)" }} />− {other} has more
            </span>
          </figcaption>
          <div class="controls">
            <label class="slider">
              <span>
                Level <output>{text}</output>
              </span>
              <input
                type="range"
                aria-label="Level of the difference"
                aria-valuetext={`plus and minus ${formatNumber(level, 2)} sigma`}
                min="0.05"
                max={highestLevelSigma}
                step="0.05"
                value={level}
                onInput={(event) => setLevel(Number(event.currentTarget.value))}
              />
            </label>
            {map && (
              <button
                type="button"
                onClick={() => saveAs("difference.mrc", mapFile(map, "cryogan, a map minus another, scaled"))}
              >
                Download difference.mrc
              </button>
            )}
          </div>
        </figure>
        {map && (
          <div class="view">
            <Slices
              map={map}
              name="the difference"
              middle="no difference"
              planes={planes}
              cut={cut}
              onMove={onMove}
              onCut={onCut}
            />
          </div>
        )}
      </div>
      <Plot chart={chart} note={resolutionText(fsc)} />
    </>
  );
}
