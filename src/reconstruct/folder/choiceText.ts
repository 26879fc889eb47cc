import { formatNumber } from "../../base/format.ts";
import type { RunEvent } from "./events.ts";

/** "start 2 of 3 is gone on with: mean log-likelihood of an image 0.512, of the others 0.498 and 0.301". */
export function choiceText({ start, merits, by }: Extract<RunEvent, { type: "choice" }>): string {
  const others = merits.toSpliced(start - 1, 1).map((merit) => formatNumber(merit, 4)),
    last = others.pop()!;
  return (
    `start ${start} of ${merits.length} is gone on with: ` +
    `${by === "likelihood" ? "mean log-likelihood of an image" : "loss of the critic"} ` +
    `${formatNumber(merits[start - 1]!, 4)}, ` +
    `of the other${others.length > 0 ? "s" : ""} ${others.length > 0 ? `${others.join(", ")} and ` : ""}${last}`
  );
}
