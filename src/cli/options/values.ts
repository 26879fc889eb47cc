import { z } from "zod";
import { InputError } from "../../base/errors.ts";
import type { Stage } from "../../reconstruct/stage.ts";

/** An option or argument with a value that cannot be used. The command line exits with 2, a form marks the field. */
export class UsageError extends InputError {
  override name = "UsageError";
}

/**
 * Turn values as typed (strings from a command line or a web form; numbers and booleans are taken too) into typed
 * options.
 * @param options.arguments keys that are positional on the command line: named MODEL, not --model, in messages
 * @throws UsageError one line naming the first option that is wrong and what was expected
 */
export function parseOptions<S extends z.ZodType>(
  schema: S,
  values: Record<string, unknown>,
  options: { arguments?: readonly string[] } = {},
): z.output<S> {
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const key = issue.path.length > 0 ? String(issue.path[0]) : "";
  if (key === "") throw new UsageError(issue.message);
  throw new UsageError(`${optionName(key, options.arguments ?? [])}: ${issue.message}`);
}

/** "boxSize" → "--box-size"; "model" → "MODEL" where it is a positional argument. */
function optionName(key: string, positional: readonly string[]): string {
  const kebab = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return positional.includes(key) ? kebab.toUpperCase() : `--${kebab}`;
}

/** A value read by `read`, which returns undefined for what it cannot use; `expected` then completes the message. */
function value<T>(expected: string, read: (text: string) => T | undefined) {
  return z
    .union([z.string(), z.number()], {
      error: (issue) => (issue.input === undefined ? `is required: ${expected}` : `expected ${expected}`),
    })
    .transform((typed, context): T => {
      const result = read(String(typed).trim());
      if (result !== undefined) return result;
      context.addIssue({ code: "custom", message: `expected ${expected}, got "${typed}"` });
      return z.NEVER;
    });
}

/** A finite number in plain or exponent notation; NaN for anything else ("", "0x10", "1e999", "Infinity"). */
function decimal(text: string): number {
  const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
  return Number.isFinite(number) ? number : NaN;
}

function number(expected: string, accept: (x: number) => boolean) {
  return value(expected, (text) => {
    const x = decimal(text);
    return !Number.isNaN(x) && accept(x) ? x : undefined;
  });
}

const inUnit = (unit: string) => (unit === "" ? "" : ` in ${unit}`);

export const positive = (unit = "") => number(`a number above 0${inUnit(unit)}`, (x) => x > 0);
export const nonNegative = (unit = "") => number(`a number of at least 0${inUnit(unit)}`, (x) => x >= 0);
export const finite = (unit = "") => number(`a number${inUnit(unit)}`, () => true);
/** What `schema` takes, or the word auto. */
export const autoOr = <T>(schema: z.ZodType<T>) =>
  z.union([z.literal("auto"), schema], { error: (issue) => `expected auto or a number, got "${String(issue.input)}"` });
export const fraction = () => number("a number from 0 to 1", (x) => x >= 0 && x <= 1);
export const wholeNumber = (minimum: number, unit = "") =>
  number(`a whole number of at least ${minimum}${inUnit(unit)}`, (x) => Number.isSafeInteger(x) && x >= minimum);

/** Seeds feed 32-bit generators. */
export const seed = () =>
  number("a whole number from 0 to 4294967295", (x) => Number.isInteger(x) && x >= 0 && x <= 0xffffffff);

/** A map to be written. */
export const outputMap = () =>
  value("a map to write, named .mrc", (text) => (/\.(mrc|map)$/i.test(text) ? text : undefined));

/** "1,3" → ["1", "3"]. */
export const list = (what: string) =>
  value(what, (text) => {
    const parts = text.split(",").map((part) => part.trim());
    return parts.includes("") ? undefined : parts;
  });

export const path = (what: string) => value(what, (text) => (text === "" ? undefined : text));

export const choice = <T extends string>(names: readonly T[]) =>
  value(`one of ${names.join(", ")}`, (text) => names.find((name) => name === text));

/** An option without a value: present (true) or absent. */
export const flag = () => z.boolean().default(false);

const secondsPer = { h: 3600, m: 60, s: 1 } as const;

/** "90s", "1.5m", "1h30m" → seconds. */
function seconds(text: string): number | undefined {
  const parts = /^(?:([\d.]+)h)?(?:([\d.]+)m)?(?:([\d.]+)s)?$/i.exec(text);
  if (!parts || text === "") return undefined;
  const amounts = parts.slice(1).map((part) => (part === undefined ? 0 : decimal(part)));
  const total = amounts[0]! * secondsPer.h + amounts[1]! * secondsPer.m + amounts[2]! * secondsPer.s;
  return total > 0 ? total : undefined;
}

/** A duration with units, in seconds. */
export const duration = () => value("a duration such as 90s, 5m or 1h30m", seconds);

/** "0.8,2.5" in µm → [8000, 25000] Å. Underfocus is positive. */
export const defocusRange = () =>
  value("two defocus values in µm, the smaller first, such as 0.8,2.5", (text): [number, number] | undefined => {
    const ends = text.split(",").map((part) => decimal(part.trim()));
    if (ends.length !== 2 || !(ends[0]! <= ends[1]!)) return undefined;
    return [ends[0]! * 1e4, ends[1]! * 1e4];
  });

/** Schoenflies symbol of a chiral point group as RELION names them: C1, C7, D2, T, O, I, I1 to I4. */
export const symmetry = () =>
  value("a point group such as C1, C4, D2, T, O or I", (text) => {
    const symbol = text.toUpperCase();
    return /^([CD][1-9]\d?|T|O|I[1-4]?)$/.test(symbol) ? symbol : undefined;
  });

/** "adversarial 16:500, refine 24:3:20000" → stages; see the help of `reconstruct` for what the numbers are. */
export const stages = () =>
  value(
    "stages with even boxes that do not shrink, the first one adversarial, " +
      'such as "adversarial 16:500, refine 16:4, refine 24:3"',
    (text): Stage[] | undefined => {
      const list = text.split(",").map(stage);
      const inOrder = list.every(
        (next, i) =>
          next !== undefined && (i === 0 ? next.kind === "adversarial" : next.maxRadius >= list[i - 1]!.maxRadius),
      );
      return inOrder ? (list as Stage[]) : undefined;
    },
  );

/** "adversarial box:iterations", "refine box:passes[:particles]" or "local box:passes[:particles]". */
function stage(text: string): Stage | undefined {
  const parts = /^(adversarial|refine|local)\s+(\d+):(\d+)(?::(\d+))?$/.exec(text.trim());
  if (!parts) return undefined;
  const [boxSize, iterations] = [Number(parts[2]), Number(parts[3])];
  const particles = parts[4] === undefined ? Infinity : Number(parts[4]);
  if (boxSize < 8 || boxSize % 2 !== 0 || iterations < 1 || particles < 1) return undefined;
  const maxRadius = boxSize / 2;
  if (parts[1] !== "adversarial")
    return { kind: parts[1] === "refine" ? "refinement" : "local", maxRadius, iterations, particles };
  return parts[4] === undefined ? { kind: "adversarial", maxRadius, iterations } : undefined;
}
