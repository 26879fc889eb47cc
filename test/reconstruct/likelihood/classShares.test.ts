import { describe, expect, it } from "vitest";
import { afterComparing, ofParticles } from "../../../src/reconstruct/likelihood/classShares.ts";

describe("classes of images that surely hold no particle", () => {
  const classes = 2,
    count = 3;
  // [classes and junk, count]: the second image is junk up to the last digit, the third a little less.
  const memberships = Float32Array.of(0.6, 0, 1e-9, 0.2, 0, 3e-9, 0.2, 1, 1);

  it("are alike, or as they were: each image is compared with one at least", () => {
    const of = ofParticles(memberships, classes, count);
    expect([of(0, 0), of(1, 0)].map((m) => Number(m.toFixed(6)))).toEqual([0.75, 0.25]);
    expect([of(0, 1), of(1, 1)]).toEqual([0.5, 0.5]);
    expect([of(0, 2), of(1, 2)].map((m) => Number(m.toFixed(6)))).toEqual([0.25, 0.75]);
  });

  it("are found again when the comparison says that they do", () => {
    const known = { shares: Float32Array.of(0.4, 0.2, 0.4), memberships: memberships.slice() };
    afterComparing(
      known,
      classes,
      Int32Array.of(0, 1, 2),
      Float32Array.of(5, 5, 5, 1, 1, -Infinity),
      new Float32Array(3).fill(0.9),
    );
    known.memberships.forEach((m) => expect(m).toBeGreaterThanOrEqual(0));
    expect(known.memberships[2 * count + 1]).toBeCloseTo(0.1, 6);
    expect(known.memberships[1]! + known.memberships[count + 1]!).toBeCloseTo(0.9, 6);
    expect(known.shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
  });
});
