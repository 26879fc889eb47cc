import { describe, expect, it } from "vitest";
import { gradient } from "../../src/tensor/gradient.ts";
import * as op from "../../src/tensor/ops.ts";
import { programText } from "../../src/tensor/print.ts";
import { constant, input } from "../../src/tensor/tensor.ts";

describe("a program as text", () => {
  it("has a line for every node after its inputs, with attributes, type and shape, and one for every output", () => {
    const image = input("image", [4, 3]);
    const weights = constant([1, 2, 0.1, -4, 5, 6], [3, 2]);
    const total = op.sum(op.slice(op.matmul(image, weights), 0, 1, 3), [0]);
    expect(programText({ total, large: op.greater(total, 0.5) })).toBe(
      [
        "%0 = input image : [4,3]",
        "%1 = constant 1 2 0.1 -4 5 6 : [3,2]",
        "%2 = matmul %0 %1 : [4,2]",
        "%3 = slice %2 axis=0 start=1 end=3 : [2,2]",
        "%4 = sum %3 axes=[0] : [1,2]",
        "%5 = reshape %4 : [2]",
        "%6 = constant 0.5 : []",
        "%7 = greater %5 %6 : bool [2]",
        "total = %5",
        "large = %7",
      ].join("\n"),
    );
  });

  it("shows the first values of a long constant, and an input that is an output", () => {
    const x = input("x", [], "int32");
    expect(programText({ c: constant([1, 2, 3, 4, 5, 6, 7], [7], "int32"), x })).toBe(
      ["%0 = constant 1 2 3 4 5 6 … : int32 [7]", "%1 = input x : int32 []", "c = %0", "x = %1"].join("\n"),
    );
  });

  it("of a gradient has the rule's operators", () => {
    const x = input("x", [2]);
    const [slope] = gradient(op.sum(op.sin(x)), [x]);
    expect(programText({ slope: slope! })).toContain("= cos %");
  });
});
