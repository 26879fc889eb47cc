import type { View } from "./scene.ts";

/** Scenes that look from the same place: where one turns, all turn. */
export function linkViews(
  scenes: readonly { onView(listener: (view: View) => void): () => void; setView(view: View): void; view(): View }[],
): () => void {
  const [first, ...rest] = scenes;
  rest.forEach((scene) => scene.setView(first!.view()));
  const ends = scenes.map((scene) =>
    scene.onView((view) =>
      scenes.forEach((other) => {
        if (other !== scene) other.setView(view);
      }),
    ),
  );
  return () => ends.forEach((end) => end());
}
