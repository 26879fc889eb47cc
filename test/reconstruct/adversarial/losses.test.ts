import { describe, expect, it } from "vitest";
import type { CriticInput } from "../../../src/critic/critic.ts";
import { clipByNorm, logisticR1, wganGp } from "../../../src/reconstruct/adversarial/losses.ts";
import { gradient } from "../../../src/tensor/gradient.ts";
import * as op from "../../../src/tensor/ops.ts";
import { evaluateReference } from "../../../src/tensor/reference.ts";
import { constant, input, type Tensor } from "../../../src/tensor/tensor.ts";

const valuesOf = (t: Tensor, ...feeds: [Tensor, number[]][]): number[] =>
  Array.from(evaluateReference([t], new Map(feeds.map(([k, v]) => [k, Float64Array.from(v)])))[0]!);
const softplus = (x: number): number => Math.log1p(Math.exp(x));
const real = constant([2, -1], [2]),
  fake = constant([0.5, -3], [2]);

describe("losses on numbers done by hand", () => {
  it("logistic: ln(1+e^-D) on real, ln(1+e^D) on simulated images; the volume wants its images taken for real", () => {
    expect(valuesOf(logisticR1.critic(real, fake))[0]).toBeCloseTo(
      (softplus(-2) + softplus(1)) / 2 + (softplus(0.5) + softplus(-3)) / 2,
      6,
    );
    expect(valuesOf(logisticR1.volume(fake))[0]).toBeCloseTo((softplus(-0.5) + softplus(3)) / 2, 6);
  });

  it("Wasserstein: mean difference, and minus the mean for the volume", () => {
    expect(valuesOf(wganGp.critic(real, fake))[0]).toBeCloseTo(-1.25 - 0.5, 6);
    expect(valuesOf(wganGp.volume(fake))[0]).toBeCloseTo(1.25, 6);
  });
});

/**
 * A critic with slopes that differ from image to image: D(x) = Σ_pixels w·sin x, and one that depends on a second
 * entry.
 */
const pixels = 3,
  batch = 2;
const weights = [0.5, -1, 2];
const realImage = [0.1, 0.7, -0.4, 1.1, 0.9, -0.2],
  fakeImage = [-0.3, 0.2, 0.8, 0.4, -1, 0.6];
const realScale = [1, 2],
  fakeScale = [3, 0.5],
  mixing = [0.25, 0.8];

/** Sum over pixels of (scale · slope)², by central differences of the critic's own values. */
function squaredSlope(image: number[], scale: number[], b: number): number {
  const output = (x: number[]): number =>
    scale[b]! * weights.reduce((sum, w, i) => sum + w * Math.sin(x[i * batch + b]!), 0);
  let total = 0;
  for (let i = 0; i < pixels; i++) {
    const moved = (h: number): number[] => image.map((v, k) => (k === i * batch + b ? v + h : v));
    total += ((output(moved(1e-5)) - output(moved(-1e-5))) / 2e-5) ** 2;
  }
  return total;
}

describe("gradient penalties against finite differences", () => {
  const w = input("w", [pixels]);
  const judge = (x: CriticInput): Tensor =>
    op.mul(x.scale!, op.sum(op.mul(op.reshape(w, [pixels, 1]), op.sin(x.image!)), [0]));
  const x = { image: input("real", [pixels, batch]), scale: input("realScale", [batch]) };
  const f = { image: input("fake", [pixels, batch]), scale: input("fakeScale", [batch]) };
  const eps = input("mixing", [batch]);
  const feeds: [Tensor, number[]][] = [
    [w, weights],
    [x.image, realImage],
    [x.scale, realScale],
    [f.image, fakeImage],
    [f.scale, fakeScale],
    [eps, mixing],
  ];
  const batchOf = { judge, image: "image", real: x, realLogit: judge(x), fake: f, mixing: eps };

  it("R1: mean squared slope on real images", () => {
    const expected = (squaredSlope(realImage, realScale, 0) + squaredSlope(realImage, realScale, 1)) / 2;
    expect(valuesOf(logisticR1.penalty(batchOf), ...feeds)[0]).toBeCloseTo(expected, 6);
  });

  it("WGAN-GP: mean (‖slope‖ - 1)² at ε·real + (1-ε)·simulated, all entries mixed", () => {
    const mix = (r: number[], s: number[]): number[] =>
      r.map((v, i) => mixing[i % batch]! * v + (1 - mixing[i % batch]!) * s[i]!);
    const image = mix(realImage, fakeImage),
      scale = mix(realScale, fakeScale);
    const expected = [0, 1].reduce((sum, b) => sum + (Math.sqrt(squaredSlope(image, scale, b)) - 1) ** 2 / 2, 0);
    expect(valuesOf(wganGp.penalty(batchOf), ...feeds)[0]).toBeCloseTo(expected, 6);
  });

  it("their gradients in the critic's parameters", () => {
    for (const loss of [logisticR1, wganGp]) {
      const penalty = loss.penalty(batchOf);
      const [g] = gradient(penalty, [w]);
      const at = (k: number, h: number): number =>
        valuesOf(penalty, ...feeds.slice(1), [w, weights.map((v, i) => (i === k ? v + h : v))])[0]!;
      valuesOf(g!, ...feeds).forEach((v, k) => expect(v).toBeCloseTo((at(k, 1e-5) - at(k, -1e-5)) / 2e-5, 6));
    }
  });

  it("WGAN-GP has a finite gradient where the critic is flat", () => {
    const [g] = gradient(wganGp.penalty(batchOf), [w]);
    expect(valuesOf(g!, [w, [0, 0, 0]], ...feeds.slice(1)).every(Number.isFinite)).toBe(true);
  });
});

describe("clipping by norm", () => {
  const a = constant([3, 0], [2]),
    b = constant([0, 4, 0], [3]); // norm 5 together
  it("scales all gradients by one factor to the largest norm allowed", () => {
    const [p, q] = clipByNorm([a, b], 2.5);
    expect(valuesOf(p!)).toEqual([1.5, 0]);
    expect(valuesOf(q!)).toEqual([0, 2, 0]);
  });
  it("leaves smaller ones alone", () => {
    const [p, q] = clipByNorm([a, b], 10);
    expect(valuesOf(p!)).toEqual([3, 0]);
    expect(valuesOf(q!)).toEqual([0, 4, 0]);
  });
});
