import { expect, test } from "vitest";
import { linkViews, type Seen, type View } from "../../../src/web/page/map/view.ts";

/** Looks along x from a distance. */
const from = (x: number): View =>
  ({ position: [x, 0, 0], target: [0, 0, 0], up: [0, 0, 1], radius: 1, radiusMax: 2 }) as unknown as View;

/** Draws when told to, as a scene does frame by frame, and tells of a view that it did not draw before. */
function scene(start: View): Seen & { draw(): void } {
  let view = start,
    drawn = start;
  const listeners = new Set<(view: View) => void>();
  return {
    view: () => view,
    setView: (next) => {
      view = next;
    },
    onView: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    draw: () => {
      if (view.position[0] === drawn.position[0]) return;
      drawn = view;
      for (const listener of listeners) listener(view);
    },
  };
}

test("where one turns, the other turns; a frame that comes late turns nothing back", () => {
  const [left, right] = [scene(from(1)), scene(from(9))];
  const end = linkViews([left, right]);
  expect(right.view()).toEqual(from(1));
  right.draw();

  left.setView(from(2));
  left.draw();
  left.setView(from(3)); // turned on before the other one has drawn the last view
  right.draw();
  expect(left.view()).toEqual(from(3));
  left.draw();
  right.draw();
  expect(right.view()).toEqual(from(3));

  right.setView(from(4));
  right.draw();
  left.draw();
  expect(left.view()).toEqual(from(4));
  left.setView(from(3)); // back where it was once handed to from
  left.draw();
  expect(right.view()).toEqual(from(3));

  end();
  left.setView(from(5));
  left.draw();
  expect(right.view()).toEqual(from(3));
});
