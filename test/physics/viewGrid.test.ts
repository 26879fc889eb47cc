import { expect, it } from "vitest";
import { directionOf, isInUnit } from "../../src/physics/directions.ts";
import { randomRotation } from "../../src/physics/rotations.ts";
import { pointGroup } from "../../src/physics/symmetry.ts";
import { viewGrid } from "../../src/physics/viewGrid.ts";
import { createStream } from "../../src/runtime/random.ts";

it.each(["O", "I"])("a lattice coarser than the unit of %s still has a view in it", (symbol) => {
  const group = pointGroup(symbol),
    stream = createStream(1, symbol);
  for (let i = 0; i < 40; i++) {
    const views = viewGrid(1, group, randomRotation(stream));
    expect(views.length).toBeGreaterThan(0);
    for (const view of views) expect(isInUnit(directionOf(view), group)).toBe(true);
  }
});
