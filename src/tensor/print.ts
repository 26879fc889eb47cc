/** Programs as text, one node a line. */
import { inputName, isA, type Tensor, topologicalOrder } from "./tensor.ts";

/** Constants with more values than this are shown by the first of them. */
const fewValues = 6;

function whatOf(t: Tensor): string {
  if (isA(t, "input")) return `input ${inputName(t)}`;
  if (!t.data) return t.primitive;
  const shown = Array.from(t.data.subarray(0, fewValues), (v) => Number(v.toPrecision(6))).join(" ");
  return `constant ${shown}${t.data.length > fewValues ? " …" : ""}`;
}

const attributesOf = (t: Tensor): string =>
  isA(t, "input")
    ? ""
    : Object.entries(t.attributes)
        .map(([name, value]) => ` ${name}=${Array.isArray(value) ? `[${value}]` : value}`)
        .join("");

/**
 * A program as readable lines, every node after its inputs:
 *
 *     %0 = input image : [4,5]
 *     %1 = sum %0 axes=[1] : [4,1]
 *     total = %1
 *
 * Numbers are float32 where no other type stands before the shape.
 *
 * @param outputs named results
 */
export function programText(outputs: Readonly<Record<string, Tensor>>): string {
  const order = topologicalOrder(Object.values(outputs));
  const names = new Map(order.map((t, i) => [t, `%${i}`]));
  const lines = order.map((t) => {
    const operands = t.inputs.map((i) => ` ${names.get(i)}`).join("");
    const type = `${t.dtype === "float32" ? "" : `${t.dtype} `}[${t.shape}]`;
    return `${names.get(t)} = ${whatOf(t)}${operands}${attributesOf(t)} : ${type}`;
  });
  return [...lines, ...Object.entries(outputs).map(([name, t]) => `${name} = ${names.get(t)}`)].join("\n");
}
