import type { Representation } from "molstar/lib/mol-repr/representation.js";
import { useEffect, useRef, useState } from "preact/hooks";
import { mapLevels } from "../../../charts/mapLevels.ts";
import type { Axis } from "../address.ts";
import type { Fitted } from "../fit/fitted.ts";
import { isMapFile } from "../fit/names.ts";
import { hexColor, type PaletteColor, paletteVersion } from "../theme.ts";
import type { MapGrid } from "./grid.ts";
import { drawLegend } from "./legend.ts";
import type { MapScene } from "./scene.ts";

export interface MapCanvasProps {
  label: string;
  /** What the map is of: another is looked at from the front again. */
  of?: string;
  map: MapGrid | undefined;
  levelSigma: number;
  /** The plane at which it is cut open, Å from the box centre. */
  cut?: { axis: Axis; placeAngstrom: number } | undefined;
  spin: boolean;
  color: PaletteColor;
  /** Of a second surface, as far below the mean as the level is above it. */
  colorBelow?: PaletteColor;
  /** A model or map to lay over it, in the hand that is shown. */
  over?: { file: File; fitted: Fitted | undefined; mirrored: boolean } | undefined;
  /** Hands out the scene once it is there, and `undefined` when it goes. */
  onScene: (scene: MapScene | undefined) => void;
  onMessage: (message: string) => void;
}

const turnRadians = Math.PI / 24;

/** A canvas with a map in it, scale bar and axes over it. Arrow keys turn it, + and - zoom, Home resets. */
export function MapCanvas(props: MapCanvasProps) {
  const { label, of, map, levelSigma, cut, spin, color, colorBelow, over, onScene, onMessage } = props;
  const canvas = useRef<HTMLCanvasElement>(null),
    legendCanvas = useRef<HTMLCanvasElement>(null);
  const [scene, setScene] = useState<MapScene>();
  const version = paletteVersion.value;
  useEffect(() => {
    let made: MapScene | undefined;
    let gone = false;
    import("./scene.ts")
      .then(({ createScene }) => {
        if (gone) return;
        made = createScene(canvas.current!, (error) => onMessage(`The map cannot be drawn: ${error.message}`));
        setScene(made);
        onScene(made);
      })
      .catch((error: Error) =>
        onMessage(`The map cannot be drawn: ${error.message}. It needs WebGL 2; is it switched off in this browser?`),
      );
    return () => {
      gone = true;
      onScene(undefined);
      made?.dispose();
    };
  }, []);
  useEffect(() => {
    scene?.show({
      ...(of === undefined ? {} : { of }),
      ...(map ? { map } : {}),
      levelSigma,
      ...(cut ? { cut } : {}),
      spin,
      surface: hexColor(color),
      ...(colorBelow ? { below: hexColor(colorBelow) } : {}),
      background: hexColor("scene"),
      opacity: over ? 0.45 : 1,
    });
  }, [scene, of, map, levelSigma, cut?.axis, cut?.placeAngstrom, spin, color, colorBelow, version, over !== undefined]);
  useEffect(
    () =>
      scene?.onLegend((legend) => {
        const element = legendCanvas.current;
        if (!element) return; // of a map that has just gone
        element.width = element.clientWidth * devicePixelRatio;
        element.height = element.clientHeight * devicePixelRatio;
        drawLegend(element.getContext("2d")!, legend, devicePixelRatio);
      }),
    [scene, version],
  );
  useEffect(() => {
    if (!scene) return;
    if (!map || !over) return scene.showOver(undefined);
    let current = true;
    overlay(over, map, scene)
      .then((shown) => current && scene.showOver(shown))
      .catch((error: Error) => onMessage(`${over.file.name} cannot be shown: ${error.message}`));
    return () => {
      current = false;
    };
  }, [scene, over?.file, over?.fitted, over?.mirrored, map !== undefined]);

  const onKeyDown = (event: KeyboardEvent) => {
    const action: Record<string, () => void> = {
      ArrowLeft: () => scene!.turn(-turnRadians, 0),
      ArrowRight: () => scene!.turn(turnRadians, 0),
      ArrowUp: () => scene!.turn(0, -turnRadians),
      ArrowDown: () => scene!.turn(0, turnRadians),
      "+": () => scene!.zoom(1.15),
      "=": () => scene!.zoom(1.15),
      "-": () => scene!.zoom(1 / 1.15),
      Home: () => scene!.resetView(),
    };
    if (!scene || !action[event.key]) return;
    event.preventDefault();
    action[event.key]!();
  };
  return (
    <div class="framed">
      <div class="scene">
        <canvas
          ref={canvas}
          tabIndex={0}
          role="img"
          aria-label={`${label}. Arrow keys turn it, plus and minus zoom, Home resets the view.`}
          onKeyDown={onKeyDown}
        />
      </div>
      <canvas ref={legendCanvas} class="legend-of-map" />
    </div>
  );
}

/** What is laid over the map; of a map nothing, until it is fitted. */
async function overlay(
  { file, fitted, mirrored }: NonNullable<MapCanvasProps["over"]>,
  map: MapGrid,
  scene: MapScene,
): Promise<Representation.Any | undefined> {
  const color = hexColor("orange");
  if (isMapFile(file.name)) {
    if (!fitted?.map) return;
    const { mirrorX } = await import("../../../evaluate/rotate.ts");
    const placed = mirrored ? mirrorX(fitted.map) : fitted.map;
    return scene.surfaceOf({ ...placed, statistics: mapLevels(placed.data) }, color);
  }
  const [{ readModel, modelOver }, { placementIn }] = await Promise.all([
    import("./model.ts"),
    import("../fit/placement.ts"),
  ]);
  const structure = await readModel(file);
  return modelOver(structure, map, scene.context, color, fitted && placementIn(fitted, mirrored));
}
