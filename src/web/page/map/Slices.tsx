import { formatNumber } from "../../../base/format.ts";
import { type Axis, axes, type Planes } from "../address.ts";
import type { MapGrid } from "./grid.ts";
import { planeColor } from "./planeColor.ts";
import { greyReachSigma, placeOfVoxel, voxelAt, voxelsAlong } from "./planes.ts";
import { placeText, SliceView } from "./SliceView.tsx";

export interface SlicesProps {
  map: MapGrid;
  /** What the map is called, for screen readers. */
  name: string;
  /** What the grey halfway is. */
  middle?: string;
  planes: Planes;
  /** The slice at which the map is cut open in three dimensions. */
  cut: Axis | undefined;
  onMove: (planes: Planes) => void;
  onCut: (axis: Axis | undefined) => void;
}

/** Slices across x, y and z side by side. Each moves by its slider, or where one points in another. */
export function Slices({ map, name, middle = "the mean density", planes, cut, onMove, onCut }: SlicesProps) {
  const reach = formatNumber(greyReachSigma(map.statistics), 2);
  return (
    <>
      <div class="slices">
        {axes.map((axis) => (
          <div key={axis}>
            <SliceView map={map} name={name} axis={axis} planes={planes} onMove={onMove} />
            <p>
              <span class="place">
                <i style={{ background: `var(--${planeColor[axis]})` }} />
                {axis} <output>{placeText(planes[axis])}</output>
              </span>
              <button
                type="button"
                aria-pressed={cut === axis}
                aria-label={`Cut the map open across ${axis}`}
                title="Cut the map in three dimensions open here, and look at the cut"
                onClick={() => onCut(cut === axis ? undefined : axis)}
              >
                Cut
              </button>
            </p>
            <input
              type="range"
              aria-label={`Slice of ${name} across ${axis}`}
              aria-valuetext={placeText(planes[axis])}
              min="0"
              max={voxelsAlong(map, axis) - 1}
              step="1"
              value={voxelAt(map, axis, planes[axis])}
              onInput={(event) =>
                onMove({ ...planes, [axis]: placeOfVoxel(map, axis, Number(event.currentTarget.value)) })
              }
            />
          </div>
        ))}
      </div>
      <p class="note">
        Slices of one voxel, places from the centre of the box. Black is −{reach} σ, the grey halfway {middle}, white +
        {reach} σ. Point into one to move the others.
      </p>
    </>
  );
}
