import type { Camera } from "molstar/lib/mol-canvas3d/camera.js";

/** Where one looks from; may be handed from one scene to another. */
export type View = Pick<Camera.Snapshot, "position" | "target" | "up" | "radius" | "radiusMax">;

/** A scene as far as its view goes. A new view is told of once it is drawn, whoever asked for it. */
export interface Seen {
  /** @returns a function that ends it */
  onView(listener: (view: View) => void): () => void;
  setView(view: View): void;
  view(): View;
}

/**
 * Scenes that look from the same place: where one turns, all turn. A scene that draws the view it was handed hands it
 * to no other: by then that one may have turned on.
 */
export function linkViews(scenes: readonly Seen[]): () => void {
  const [first, ...rest] = scenes,
    handed = new Map<Seen, View>();
  const hand = (scene: Seen, view: View): void => {
    handed.set(scene, view);
    scene.setView(view);
  };
  rest.forEach((scene) => hand(scene, first!.view()));
  const ends = scenes.map((scene) =>
    scene.onView((view) => {
      const known = handed.get(scene);
      if (known && sameView(known, view)) return;
      handed.delete(scene);
      for (const other of scenes) if (other !== scene) hand(other, view);
    }),
  );
  return () => ends.forEach((end) => end());
}

export const sameView = (a: View, b: View): boolean =>
  a.radius === b.radius &&
  (["position", "target", "up"] as const).every((name) => [0, 1, 2].every((axis) => a[name][axis] === b[name][axis]));
