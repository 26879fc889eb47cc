import { expect, it } from "vitest";
import { adam, parameter, parameterState } from "../../../src/reconstruct/adversarial/adam.ts";
import { evaluateReference } from "../../../src/tensor/reference.ts";
import { input } from "../../../src/tensor/tensor.ts";

it("Adam follows Algorithm 1 of Kingma & Ba over several steps", () => {
  const beta1 = 0.5,
    beta2 = 0.9,
    epsilon = 1e-3;
  const p = parameter("w", [2]),
    g = input("g", [2]),
    rate = input("rate", []),
    step = input("step", []);
  const next = adam(p, g, rate, step, { beta1, beta2, epsilon });
  let state = [
    [1, -2],
    [0, 0],
    [0, 0],
  ];
  const m = [0, 0],
    v = [0, 0],
    theta = [1, -2];
  const gradients = [
      [0.3, -4],
      [-0.1, 0.002],
      [0, 2],
      [5, -1],
    ],
    rates = [0.1, 0.1, 0.05, 0.02];
  gradients.forEach((gradient, i) => {
    const t = i + 1;
    const feeds = new Map([p.value, p.first, p.second].map((tensor, j) => [tensor, Float64Array.from(state[j]!)]));
    feeds.set(g, Float64Array.from(gradient)).set(rate, Float64Array.of(rates[i]!)).set(step, Float64Array.of(t));
    state = evaluateReference([next.value, next.first, next.second], feeds).map((values) => Array.from(values));
    for (let c = 0; c < 2; c++) {
      m[c] = beta1 * m[c]! + (1 - beta1) * gradient[c]!;
      v[c] = beta2 * v[c]! + (1 - beta2) * gradient[c]! ** 2;
      theta[c]! -= (rates[i]! * (m[c]! / (1 - beta1 ** t))) / (Math.sqrt(v[c]! / (1 - beta2 ** t)) + epsilon);
      expect(state[0]![c]).toBeCloseTo(theta[c]!, 6);
      expect(state[1]![c]).toBeCloseTo(m[c]!, 6);
      expect(state[2]![c]).toBeCloseTo(v[c]!, 6);
    }
  });
});

it("a parameter's three tensors each go to their own next value", () => {
  const now = parameter("w", [1]);
  const next = adam(now, input("g", [1]), input("rate", []), input("step", []), {
    beta1: 0.9,
    beta2: 0.99,
    epsilon: 1e-8,
  });
  expect(parameterState("w", now, next)).toEqual({
    w: { input: now.value, next: next.value },
    "w.first": { input: now.first, next: next.first },
    "w.second": { input: now.second, next: next.second },
  });
});
