import { useEffect, useMemo, useRef } from "preact/hooks";
import { formatNumber } from "../../../base/format.ts";
import { type Coverage, coverage, coverageNote, coverageText } from "../../../charts/coverage.ts";
import { viridis, viridisGradient } from "../../../charts/viridis.ts";
import type { RunEvent } from "../../../reconstruct/folder/events.ts";
import type { RunDirections } from "../../../reconstruct/stage.ts";
import type { RunSummary } from "../../live/source.ts";
import { NotThere } from "../Empty.tsx";
import type { Page } from "../page.ts";
import { useJson } from "../run/files.ts";

const size = 180;

/** Where the particles are seen from. */
export function Directions({ page, run, events }: { page: Page; run: RunSummary; events: readonly RunEvent[] }) {
  const directions = useJson<RunDirections>(page, run.id, "directions.json", events).value;
  const symmetry = directions?.symmetry ?? events.findLast((event) => event.type === "start")?.symmetry ?? "C1";
  if (!directions)
    return <NotThere run={run} what="viewing directions" comes="they are counted after each stage of refinement" />;
  return (
    <>
      <h3>Viewing directions{directions.half === undefined ? "" : `, half ${directions.half}`}</h3>
      <DirectionsOf directions={directions} symmetry={symmetry} />
    </>
  );
}

export function DirectionsOf({ directions, symmetry }: { directions: RunDirections; symmetry: string }) {
  const map = useMemo(() => coverage(directions, symmetry, size), [directions, symmetry]);
  return (
    <div class="coverage">
      <CoverageDisc map={map} />
      <div>
        <div class="legend" aria-hidden="true">
          <div style={{ background: viridisGradient }} />
          <span>0</span>
          <span>× even</span>
          <span>{formatNumber(map.largest, 2)}</span>
        </div>
        <p>{coverageText(map)}</p>
        <p class="note">
          {coverageNote} Symmetry {symmetry} repeats what is measured over its asymmetric unit.
        </p>
      </div>
    </div>
  );
}

function CoverageDisc({ map }: { map: Coverage }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    const image = context.createImageData(map.size, map.size);
    map.density.forEach((value, i) => {
      if (!Number.isNaN(value)) image.data.set([...viridis(value / map.largest), 255], 4 * i);
    });
    context.putImageData(image, 0, 0);
  }, [map]);
  return (
    <div class="disc">
      <canvas
        ref={canvas}
        width={map.size}
        height={map.size}
        role="img"
        aria-label={`viewing directions, at most ${formatNumber(map.largest, 2)} times the even number`}
      />
      <svg viewBox="-105 -105 210 210" aria-hidden="true">
        {[30, 60, 90].map((tilt) => (
          <circle key={tilt} r={100 * Math.SQRT2 * Math.sin((tilt * Math.PI) / 360)} />
        ))}
        {[0, 30, 60, 90, 120, 150].map((rot) => (
          <line key={rot} x1="-100" x2="100" y1="0" y2="0" transform={`rotate(${rot})`} />
        ))}
        {[30, 60, 90].map((tilt) => (
          <text key={tilt} x="2" y={-100 * Math.SQRT2 * Math.sin((tilt * Math.PI) / 360) + (tilt === 90 ? 9 : -2)}>
            {tilt}°
          </text>
        ))}
      </svg>
    </div>
  );
}
