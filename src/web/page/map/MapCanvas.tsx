import { useEffect, useRef, useState } from "preact/hooks";
import type { Axis } from "../address.ts";
import { hexColor, paletteVersion } from "../theme.ts";
import type { MapGrid } from "./grid.ts";
import type { MapScene } from "./scene.ts";

export interface MapCanvasProps {
  label: string;
  map: MapGrid | undefined;
  levelSigma: number;
  /** The plane at which it is cut open, Å from the box centre. */
  cut?: { axis: Axis; placeAngstrom: number } | undefined;
  spin: boolean;
  color: "surface" | "surface2";
  /** File of an atomic model to lay over the map. */
  modelFile?: File | undefined;
  /** Hands out the scene once it is there, and `undefined` when it goes. */
  onScene: (scene: MapScene | undefined) => void;
  onMessage: (message: string) => void;
}

const turnRadians = Math.PI / 24;

/** A canvas with a map in it. Arrow keys turn it, + and - zoom, Home resets. */
export function MapCanvas({ label, map, levelSigma, cut, spin, color, modelFile, onScene, onMessage }: MapCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
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
      ...(map ? { map } : {}),
      levelSigma,
      ...(cut ? { cut } : {}),
      spin,
      surface: hexColor(color),
      background: hexColor("scene"),
      opacity: modelFile ? 0.45 : 1,
    });
  }, [scene, map, levelSigma, cut?.axis, cut?.placeAngstrom, spin, color, version, modelFile]);
  useEffect(() => {
    if (!scene || !map) return;
    if (!modelFile) return scene.showModel(undefined);
    let current = true;
    const load = async () => {
      const { readModel, modelOver } = await import("./model.ts");
      const { model, moved } = await modelOver(await readModel(modelFile), map, scene.context, hexColor("orange"));
      if (!current) return;
      scene.showModel(model);
      onMessage(
        moved
          ? `${modelFile.name} was not fitted to this map: it stands in the middle, turned as in its file. ` +
              "Fit it in ChimeraX (fitmap) and save it relative to the map to see both together."
          : "",
      );
    };
    load().catch((error: Error) => onMessage(`${modelFile.name} cannot be read as an atomic model: ${error.message}`));
    return () => {
      current = false;
    };
  }, [scene, modelFile, map !== undefined]);

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
    <div class="scene">
      <canvas
        ref={canvas}
        tabIndex={0}
        role="img"
        aria-label={`${label}. Arrow keys turn it, plus and minus zoom, Home resets the view.`}
        onKeyDown={onKeyDown}
      />
    </div>
  );
}
