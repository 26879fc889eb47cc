/**
 * Kinds of values that options take: how each is read from text as typed, and written so that it could be typed.
 * Without the validation library (schema.ts puts them into it), as `cryogan --help` and the form of the page load this
 * file.
 */

export interface ValueKind<T> {
  /** What would be right, to complete "expected". */
  expected: string;
  /** @returns undefined for text that cannot be used */
  read(text: string): T | undefined;
  /** The value as it would be typed: `read` leads back to it. */
  write(value: T): string;
  /** All values there are, where they are few. */
  choices?: readonly string[];
  /** A file or folder, which may be given relative to where the program runs. */
  isPath?: true;
}

/** "boxSize" → "--box-size". */
export const optionName = (key: string): string => `--${kebabCase(key)}`;
/** "--invert-contrast" → "--no-invert-contrast". */
export const contraryOf = (name: string): string => name.replace("--", "--no-");
export const kebabCase = (key: string): string => key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** A finite number in plain or exponent notation; NaN for anything else ("", "0x10", "1e999", "Infinity"). */
export function decimal(text: string): number {
  const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
  return Number.isFinite(number) ? number : NaN;
}

function number(expected: string, accept: (x: number) => boolean): ValueKind<number> {
  return {
    expected,
    read: (text) => {
      const x = decimal(text);
      return !Number.isNaN(x) && accept(x) ? x : undefined;
    },
    write: String,
  };
}

const inUnit = (unit: string) => (unit === "" ? "" : ` in ${unit}`);

/** @param most the largest that makes sense */
export const positive = (unit = "", most = Infinity) =>
  most === Infinity
    ? number(`a number above 0${inUnit(unit)}`, (x) => x > 0)
    : number(`a number above 0, at most ${most}${inUnit(unit)}`, (x) => x > 0 && x <= most);
export const nonNegative = (unit = "", most = Infinity) =>
  most === Infinity
    ? number(`a number of at least 0${inUnit(unit)}`, (x) => x >= 0)
    : number(`a number from 0 to ${most}${inUnit(unit)}`, (x) => x >= 0 && x <= most);
export const finite = (unit = "") => number(`a number${inUnit(unit)}`, () => true);
export const fraction = () => number("a number from 0 to 1", (x) => x >= 0 && x <= 1);
export const wholeNumber = (least: number, most: number, unit = "") =>
  number(
    `a whole number from ${least} to ${most}${inUnit(unit)}`,
    (x) => Number.isInteger(x) && x >= least && x <= most,
  );

/** Beyond any box that particles have, in pixels. */
export const largestBox = 4096;
export const boxSize = (least = 8) => wholeNumber(least, largestBox, "pixels");
/** A number of particles or images. */
export const count = () => wholeNumber(1, 1_000_000_000);
export const threads = () => wholeNumber(1, 1024);

/** What a pixel of an electron microscope's image can measure, with any binning, in Å. */
export const pixelSizes = { least: 0.1, most: 100 };
export const pixelSize = () =>
  number(
    `a number from ${pixelSizes.least} to ${pixelSizes.most} in Å`,
    (x) => x >= pixelSizes.least && x <= pixelSizes.most,
  );

/** Seeds feed 32-bit generators. */
export const seed = () => wholeNumber(0, 0xffffffff);

/** "1,3" → ["1", "3"]. */
export const list = (expected: string): ValueKind<string[]> => ({
  expected,
  read: (text) => {
    const parts = text.split(",").map((part) => part.trim());
    return parts.includes("") || text.includes("\0") ? undefined : parts;
  },
  write: (parts) => parts.join(","),
});

export const opticsGroups = () => list("optics groups, such as 1,3");

/** "1,3" → [1, 3]. */
export const classNumbers = (): ValueKind<number[]> => ({
  expected: "class numbers, such as 1,3",
  read: (text) => {
    const numbers = text.split(",").map((part) => part.trim());
    return numbers.every((number) => /^\d{1,9}$/.test(number)) ? numbers.map(Number) : undefined;
  },
  write: (numbers) => numbers.join(","),
});

export const path = (expected: string): ValueKind<string> => ({
  expected,
  read: (text) => (text === "" || text.includes("\0") ? undefined : text),
  write: String,
  isPath: true,
});

export const choice = <T extends string>(choices: readonly T[]): ValueKind<T> => ({
  expected: `one of ${choices.join(", ")}`,
  read: (text) => choices.find((name) => name === text),
  write: String,
  choices,
});

/** Some images of a stack, counted from 1: every `step`th from `first` to `last`, or to the end. */
export interface ImageChoice {
  first: number;
  last?: number;
  step: 1 | 2;
}

/** "odd", "even" or "1-50". */
export const imageChoice = (): ValueKind<ImageChoice> => ({
  expected: "odd, even or a range such as 1-50",
  read: (text) => {
    if (text === "odd" || text === "even") return { first: text === "odd" ? 1 : 2, step: 2 };
    const [first, last] = (/^(\d{1,9})-(\d{1,9})$/.exec(text) ?? []).slice(1).map(Number);
    return first! >= 1 && last! >= first! ? { first: first!, last: last!, step: 1 } : undefined;
  },
  write: ({ first, last, step }) => (step === 2 ? (first === 1 ? "odd" : "even") : `${first}-${last}`),
});

export const yesOrNo = (): ValueKind<boolean> => ({
  expected: "yes or no",
  read: (text) => (text === "yes" || text === "no" ? text === "yes" : undefined),
  write: (value) => {
    if (typeof value !== "boolean") throw new TypeError("neither true nor false");
    return value ? "yes" : "no";
  },
  choices: ["yes", "no"],
});

const longestHours = 1000;

/** A duration with units, in seconds: "90s", "1.5m", "10min", "1h30m". */
export const duration = (): ValueKind<number> => ({
  expected: `a duration such as 90s, 5m or 1h30m, at most ${longestHours}h`,
  read: (text) => {
    const parts = /^(?:([\d.]+)\s*h)?\s*(?:([\d.]+)\s*m(?:in)?)?\s*(?:([\d.]+)\s*s(?:ec)?)?$/i.exec(text);
    if (!parts) return undefined;
    const [hours, minutes, seconds] = parts.slice(1).map((part) => (part === undefined ? 0 : decimal(part)));
    const total = hours! * 3600 + minutes! * 60 + seconds!;
    return total > 0 && total <= longestHours * 3600 ? total : undefined;
  },
  write: (seconds) => `${seconds}s`,
});
