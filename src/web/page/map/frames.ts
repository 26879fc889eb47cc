import type { Canvas3D } from "molstar/lib/mol-canvas3d/canvas3d.js";
import { now } from "molstar/lib/mol-util/now.js";

/** Frames go on for so long after the last that showed something else. */
const restMs = 500;

/**
 * Mol*'s canvas looks at what has changed frame by frame while something moves, and for a moment after it: a map that
 * nobody turns takes no time of the processor.
 */
export function framesOnDemand(canvas3d: Canvas3D): {
  /** What was changed is drawn with one of the next frames. */
  draw(): void;
  end(): void;
} {
  let frame: number | undefined,
    until = 0,
    /** Asked for and not drawn yet: shaders are compiled aside. */
    owed = false;
  const look = () => {
    canvas3d.tick(now());
    const goesOn = owed || canvas3d.commitQueueSize.value > 0 || performance.now() < until;
    frame = goesOn ? requestAnimationFrame(look) : undefined;
  };
  const wake = () => {
    until = performance.now() + restMs;
    if (frame !== undefined) return;
    canvas3d.resetTime(now());
    frame = requestAnimationFrame(look);
  };
  const draw = () => {
    owed = true;
    canvas3d.requestDraw();
    wake();
  };
  const { input, didDraw, webgl } = canvas3d;
  const subscriptions = [
    didDraw.subscribe(() => {
      owed = false;
      wake();
    }),
    webgl.contextRestored.subscribe(draw),
    input.drag.subscribe(wake),
    input.wheel.subscribe(wake),
    input.pinch.subscribe(wake),
    input.keyDown.subscribe(wake),
  ];
  return {
    draw,
    end: () => {
      if (frame !== undefined) cancelAnimationFrame(frame);
      for (const subscription of subscriptions) subscription.unsubscribe();
    },
  };
}
