import { describe, expect, it } from "vitest";
import { gradient } from "../../src/tensor/gradient.ts";
import * as op from "../../src/tensor/ops.ts";
import { constant, input, type Shape, ShapeError, type Tensor } from "../../src/tensor/tensor.ts";

const float = (...shape: number[]): Tensor => input("x", shape);
const int = (...shape: number[]): Tensor => input("i", shape, "int32");
const bool = (...shape: number[]): Tensor => input("b", shape, "bool");

/**
 * What is built wrongly, and what the message must name: the operator first, then the offending shapes, axes or types.
 */
const wrong: [title: string, build: () => unknown, named: string[]][] = [
  ...(["add", "sub", "mul", "div", "maximum", "greater", "equal"] as const).flatMap((name): typeof wrong => [
    [`${name} of shapes that do not broadcast`, () => op[name](float(2, 3), float(4)), [name, "[2,3]", "[4]"]],
    [`${name} of two types`, () => op[name](float(2), int(2)), [name, "float32", "int32"]],
    [`${name} of bools`, () => op[name](bool(2), bool(2)), [name, "bool"]],
  ]),
  ...(
    [
      "neg",
      "exp",
      "log",
      "sqrt",
      "sin",
      "cos",
      "abs",
      "sign",
      "floor",
      "sigmoid",
      "softplus",
      "stopGradient",
      "sum",
      "max",
      "mean",
    ] as const
  ).map((name): (typeof wrong)[number] => [
    `${name} of int32`,
    () => op[name](int(2)),
    [name === "mean" ? "sum" : name, "int32", "[2]"],
  ]),
  ["where with a condition that is no bool", () => op.where(float(2), float(2), float(2)), ["where", "float32"]],
  ["where of int32 branches", () => op.where(bool(2), int(2), int(2)), ["where", "int32", "[2]"]],
  ["where of branches that do not broadcast", () => op.where(bool(2), float(2), float(3)), ["where", "[2]", "[3]"]],
  [
    "where with a condition that does not broadcast",
    () => op.where(bool(4), float(3, 1), float(2)),
    ["where", "[4]", "[3,2]"],
  ],

  ["matmul of unequal inner axes", () => op.matmul(float(2, 3), float(4, 2)), ["matmul", "[2,3]", "[4,2]"]],
  ["matmul of a vector", () => op.matmul(float(3), float(3, 2)), ["matmul", "[3]", "[3,2]"]],
  ["matmul of unequal leading axes", () => op.matmul(float(2, 3, 4), float(3, 4, 2)), ["matmul", "[2,3,4]", "[3,4,2]"]],
  ["matmul of int32", () => op.matmul(int(2, 2), int(2, 2)), ["matmul", "int32", "[2,2]"]],

  ["transpose with an axis twice", () => op.transpose(float(2, 3), [0, 0]), ["transpose", "[0,0]", "[2,3]"]],
  ["transpose with too few axes", () => op.transpose(float(2, 3), [0]), ["transpose", "[0]", "[2,3]"]],
  ["matrixTranspose of a vector", () => op.matrixTranspose(float(3)), ["matrixTranspose", "[3]"]],
  ["reshape to another size", () => op.reshape(float(2, 3), [4]), ["reshape", "[2,3]", "[4]"]],
  ["reshape to negative lengths", () => op.reshape(float(2, 3), [-2, -3]), ["reshape", "[-2,-3]"]],
  ["expand that would shrink", () => op.expand(float(2, 3), [3]), ["expand", "[2,3]", "[3]"]],
  ["expand of an axis that is not one", () => op.expand(float(2), [3]), ["expand", "[2]", "[3]"]],

  ["sum over an axis that is not there", () => op.sum(float(2, 3), [2]), ["sum", "[2]", "[2,3]"]],
  ["sum over an axis twice", () => op.sum(float(2, 3), [1, -1]), ["sum", "[1,-1]", "[2,3]"]],
  ["max over an axis that is not there", () => op.max(float(2, 3), [-3]), ["max", "[-3]", "[2,3]"]],
  ["mean over an axis that is not there", () => op.mean(float(2, 3), [5]), ["mean", "[5]", "[2,3]"]],
  ["logSumExp over an axis that is not there", () => op.logSumExp(float(2, 3), [2]), ["logSumExp", "[2]", "[2,3]"]],

  ["concat of nothing", () => op.concat([], 0), ["concat", "nothing"]],
  [
    "concat of shapes that differ elsewhere",
    () => op.concat([float(2, 3), float(2, 4)], 0),
    ["concat", "[2,3]", "[2,4]", "axis 0"],
  ],
  ["concat of two ranks", () => op.concat([float(2), float(2, 1)], 0), ["concat", "[2]", "[2,1]"]],
  ["concat of two types", () => op.concat([float(2), int(2)], 0), ["concat", "float32", "int32"]],
  ["concat along an axis that is not there", () => op.concat([float(2), float(2)], 1), ["concat", "axis 1"]],
  ["concat along an axis before the first", () => op.concat([float(2), float(2)], -2), ["concat", "axis -2"]],
  ["slice past the end", () => op.slice(float(4), 0, 2, 5), ["slice", "2..5", "[4]"]],
  ["slice of nothing", () => op.slice(float(4), 0, 2, 2), ["slice", "2..2", "[4]"]],
  ["slice to half a pixel", () => op.slice(float(5), 0, 0, 2.5), ["slice", "2.5"]],
  ["slice along an axis that is not there", () => op.slice(float(4), 1, 0, 1), ["slice", "axis 1"]],
  ["pad by a negative number", () => op.pad(float(4), 0, -1, 2), ["pad", "-1", "[4]"]],
  ["pad along an axis before the first", () => op.pad(float(4), -2, 1, 1), ["pad", "axis -2"]],
  ["pad of int32", () => op.pad(int(4), 0, 1, 1), ["pad", "int32", "[4]"]],

  ["gather from a table that is no matrix", () => op.gather(float(4), int(2)), ["gather", "[4]", "[2]"]],
  ["gather with float indices", () => op.gather(float(4, 2), float(3)), ["gather", "[4,2]", "float32"]],
  ["gather from an int32 table", () => op.gather(int(4, 2), int(3)), ["gather", "int32", "[4,2]"]],
  [
    "gatherColumns with float indices",
    () => op.gatherColumns(float(4, 2), float(3)),
    ["gatherColumns", "[4,2]", "float32"],
  ],
  ["gatherColumns from an int32 table", () => op.gatherColumns(int(4, 2), int(3)), ["gatherColumns", "int32", "[4,2]"]],
  [
    "scatterColumns of updates that do not match the indices",
    () => op.scatterColumns(float(2, 3), int(4), 5),
    ["scatterColumns", "[2,3]", "[4]"],
  ],
  [
    "scatterAdd of updates that do not match the indices",
    () => op.scatterAdd(float(3, 2), int(4), 5),
    ["scatterAdd", "[3,2]", "[4]"],
  ],
  ["scatterAdd with float indices", () => op.scatterAdd(float(3, 2), float(3), 5), ["scatterAdd", "float32"]],
  ["scatterAdd of int32", () => op.scatterAdd(int(3, 2), int(3), 5), ["scatterAdd", "int32", "[3,2]"]],
  [
    "trilinear in a volume without channels",
    () => op.trilinear(float(4, 4, 4), float(2, 3)),
    ["trilinear", "[4,4,4]", "[2,3]"],
  ],
  [
    "trilinear at points that are no triples",
    () => op.trilinear(float(1, 4, 4, 4), float(2, 2)),
    ["trilinear", "[1,4,4,4]", "[2,2]"],
  ],
  ["trilinear at int32 points", () => op.trilinear(float(1, 4, 4, 4), int(2, 3)), ["trilinear", "int32", "[2,3]"]],

  ["stack of unequal shapes", () => op.stack([float(2), float(3)], 0), ["concat", "[1,2]", "[1,3]"]],
  ["stack along an axis that is not there", () => op.stack([float(2), float(2)], 2), ["stack", "axis 2"]],
  ["pick of an element that is not there", () => op.pick(float(3), 0, 3), ["slice", "3..4", "[3]"]],
  ["pick along an axis that is not there", () => op.pick(float(3), -2, 0), ["pick", "axis -2"]],

  ["constant with the wrong number of values", () => constant([1, 2], [3]), ["constant", "2 values", "[3]"]],
  ["input with a fractional length", () => input("volume", [2.5]), ["'volume'", "[2.5]"]],
  ["gradient of something that is no scalar", () => gradient(float(2), []), ["gradient", "[2]"]],
  ["gradient of a scalar that is no float", () => gradient(int(), []), ["gradient", "int32"]],
];

/** Composite operators may be refused by the primitive they are made of, which the table then names. */
describe("a wrong shape is refused where it is written", () => {
  it.each(wrong)("%s", (_title, build, named) => {
    let thrown: unknown;
    try {
      build();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ShapeError);
    for (const word of named) expect((thrown as ShapeError).message).toContain(word);
  });
});

describe("shapes of results", () => {
  const right: [string, Tensor, Shape][] = [
    ["add", op.add(float(4, 1, 3), float(2, 1)), [4, 2, 3]],
    ["where", op.where(bool(2, 1), float(3), float()), [2, 3]],
    ["matmul", op.matmul(float(5, 2, 3), float(3, 4)), [5, 2, 4]],
    ["matmul, matrix on the left", op.matmul(float(2, 3), float(5, 3, 4)), [5, 2, 4]],
    ["transpose", op.transpose(float(2, 3, 4), [2, 0, 1]), [4, 2, 3]],
    ["matrixTranspose", op.matrixTranspose(float(2, 3, 4)), [2, 4, 3]],
    ["sum over all", op.sum(float(2, 3)), []],
    ["sum", op.sum(float(2, 3, 4), [-2]), [2, 4]],
    ["sum, axes kept", op.sum(float(2, 3, 4), [1], true), [2, 1, 4]],
    ["max", op.max(float(2, 3, 4), [0, 2]), [3]],
    ["mean", op.mean(float(2, 3), [0]), [3]],
    ["logSumExp", op.logSumExp(float(2, 3, 4), [0, -1]), [3]],
    ["concat", op.concat([float(2, 1), float(2, 4)], -1), [2, 5]],
    ["slice", op.slice(float(2, 5), 1, 1, 4), [2, 3]],
    ["pad", op.pad(float(2, 5), -1, 1, 2), [2, 8]],
    ["gather", op.gather(float(7, 3), int(4, 2)), [4, 2, 3]],
    ["scatterAdd", op.scatterAdd(float(4, 2, 3), int(4, 2), 7), [7, 3]],
    ["trilinear", op.trilinear(float(2, 4, 5, 6), float(7, 8, 3)), [2, 7, 8]],
    ["stack", op.stack([float(2, 3), float(2, 3)], 1), [2, 2, 3]],
    ["pick", op.pick(float(2, 3, 4), -2, 0), [2, 4]],
  ];
  it.each(right)("of %s", (_name, tensor, shape) => expect(tensor.shape).toEqual(shape));
});

describe("identical expressions", () => {
  it("are one node", () => {
    const a = float(2, 3),
      b = float(3);
    expect(op.mul(a, b)).toBe(op.mul(a, b));
    expect(op.sum(a, [0])).toBe(op.sum(a, [0]));
  });
  it("are not confused with those of other attributes or operand order", () => {
    const a = float(3, 3),
      b = float(3, 3);
    expect(op.sub(a, b)).not.toBe(op.sub(b, a));
    expect(op.sum(a, [0])).not.toBe(op.sum(a, [1]));
    expect(op.slice(a, 0, 0, 2)).not.toBe(op.slice(a, 0, 1, 3));
    expect(op.pad(a, 0, 1, 2)).not.toBe(op.pad(a, 0, 2, 1));
  });
  it("drop neutral elements", () => {
    const a = float(2, 3);
    expect(
      [op.add(a, 0), op.add(0, a), op.sub(a, 0), op.mul(a, 1), op.mul(1, a), op.div(a, 1)].every((t) => t === a),
    ).toBe(true);
  });
});
