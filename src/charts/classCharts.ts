/** Charts of several classes, a line each. */
import type { RunEvent } from "../reconstruct/folder/events.ts";
import type { RunClasses } from "../reconstruct/stage.ts";
import type { Chart, ChartLine } from "./charts.ts";
import type { RunCurve } from "./curves.ts";

const colors = ["blue", "orange", "green", "purple", "text"] as const;
const dashes: (ChartLine["dash"] | undefined)[] = [undefined, [6, 4], [2, 3], [10, 3]];

/** What a class is drawn with, so that it is told from fifteen others. @param number from 1 */
const styleOf = (number: number): Pick<ChartLine, "color" | "dash"> => {
  const dash = dashes[Math.floor((number - 1) / colors.length) % dashes.length];
  return { color: colors[(number - 1) % colors.length]!, ...(dash ? { dash } : {}) };
};

export const nameOfClass = ({ number, junk }: { number: number; junk?: boolean | undefined }): string =>
  junk ? "junk" : `class ${number}`;

/** "3 classes and junk"; undefined of one class alone. */
export function classesText({
  classes = 1,
  junkClass,
}: Pick<Extract<RunEvent, { type: "start" }>, "classes" | "junkClass">): string | undefined {
  const own = classes > 1 ? `${classes} classes` : undefined;
  return junkClass ? `${own ?? "one class"} and junk` : own;
}

/** The course of the shares of the classes, a chart for each half. @param junk whether the last is that of junk */
export const sharesCharts = (curves: readonly RunCurve[], junk: boolean): Chart[] =>
  curves
    .filter(({ shares }) => shares.x.length > 0)
    .map(({ half, shares: { x, values, stages } }) => {
      const numbers = Object.keys(values).map(Number);
      return {
        id: half === undefined ? "shares" : `shares-${half}`,
        title: `Shares of the classes${half === undefined ? "" : `, half ${half}`}`,
        xLabel: "pass over the particles",
        xKind: "pass",
        yRange: [0, 1],
        marks: stages.map((stage) => ({ x: stage.x, label: stage.label })),
        lines: numbers.map((number) => ({
          label: nameOfClass({ number, junk: junk && number === numbers.length }),
          x,
          y: values[String(number)]!,
          ...styleOf(number),
        })),
      } satisfies Chart;
    });

/** Of two halves of the particles of each class; undefined where none was told. */
export function agreementChart({ classes, boxAngstrom, half }: RunClasses): Chart | undefined {
  const told = classes.filter(({ agreement }) => agreement !== undefined);
  if (told.length === 0) return undefined;
  return {
    id: "class-agreement",
    title: `Correlation of halves of each class${half === undefined ? "" : `, of half ${half}`}`,
    xLabel: "resolution (Å)",
    xKind: "resolution",
    yRange: [-0.1, 1.05],
    levels: [
      { y: 0.5, label: "0.5" },
      { y: 0.143, label: "0.143" },
    ],
    lines: told.map(({ number, agreement }) => ({
      label: nameOfClass({ number }),
      x: agreement!.map((_, i) => (i + 1) / boxAngstrom),
      y: agreement!,
      ...styleOf(number),
    })),
  };
}
