/** Kinds of values that only a reconstruction takes: point groups and stages. */
import { largestBox, type ValueKind } from "../base/values.ts";
import type { Stage } from "./stage.ts";

/**
 * Schoenflies symbol of a chiral point group as RELION names them: C1, C7, D2, T, O, I, I1 to I4; several, "D2,C1", of
 * classes.
 */
export const symmetry = (): ValueKind<string> => ({
  expected: "a point group such as C1, C4, D2, T, O or I",
  read: (text) => {
    const symbols = text
      .toUpperCase()
      .split(",")
      .map((symbol) => symbol.trim());
    return symbols.every((symbol) => /^([CD][1-9]\d?|T|O|I[1-4]?)$/.test(symbol)) ? symbols.join(",") : undefined;
  },
  write: String,
});

const mostIterations = 1_000_000;

/**
 * "adversarial 16:500, refine 24:3:20000" → stages; see the help of `reconstruct` for what the numbers are. Which kind
 * comes first is checked with the option of a start (optionSchema.ts).
 */
export const stages = (): ValueKind<Stage[]> => ({
  expected:
    "stages with even boxes that do not shrink, the first one adversarial, " +
    'such as "adversarial 16:500, refine 16:4, refine 24:3"',
  read: (text) => {
    const list = text.split(",").map(stage);
    const inOrder = list.every(
      (next, i) => next !== undefined && (i === 0 || next.maxRadius >= list[i - 1]!.maxRadius),
    );
    return inOrder ? (list as Stage[]) : undefined;
  },
  write: (list) => list.map(stageText).join(", "),
});

/** "adversarial box:iterations", "refine box:passes[:particles]" or "local box:passes[:particles]". */
function stage(text: string): Stage | undefined {
  const parts = /^(adversarial|refine|local)\s+(\d+):(\d+)(?::(\d+))?$/.exec(text.trim());
  if (!parts) return undefined;
  const [boxSize, iterations] = [Number(parts[2]), Number(parts[3])];
  const particles = parts[4] === undefined ? Infinity : Number(parts[4]);
  if (boxSize < 8 || boxSize > largestBox || boxSize % 2 !== 0) return undefined;
  if (iterations < 1 || iterations > mostIterations || particles < 1) return undefined;
  const maxRadius = boxSize / 2;
  if (parts[1] !== "adversarial")
    return { kind: parts[1] === "refine" ? "refinement" : "local", maxRadius, iterations, particles };
  return parts[4] === undefined ? { kind: "adversarial", maxRadius, iterations } : undefined;
}

/** "adversarial 16:500", "refine 24:3:20000"; all particles are no number (in JSON, which has no infinity, null). */
function stageText(stage: Stage): string {
  const head = `${stage.kind === "refinement" ? "refine" : stage.kind} ${2 * stage.maxRadius}:${stage.iterations}`;
  return stage.kind !== "adversarial" && Number.isFinite(stage.particles) ? `${head}:${stage.particles}` : head;
}
