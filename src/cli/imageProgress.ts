import { SingleBar } from "cli-progress";
import { formatCount, formatDuration } from "../base/format.ts";

const lineEveryMs = 10_000;

/** Shows how many images are done. */
export interface ImageProgress {
  update(done: number): void;
  /** Leaves the terminal as it should be; nothing is shown after it. */
  stop(): void;
}

/**
 * Progress of a known number of images: JSON lines on stdout, a bar on a terminal, or a line about every ten seconds,
 * both on stderr. The time left is the time taken so far, scaled.
 */
export function createImageProgress(
  count: number,
  json: boolean,
  now: () => number = () => performance.now(),
): ImageProgress {
  const start = now();
  const times = (done: number) => {
    const elapsedSeconds = (now() - start) / 1000;
    return { elapsedSeconds, remainingSeconds: (elapsedSeconds * (count - done)) / done };
  };
  if (json) {
    return {
      update: (done) => process.stdout.write(`${JSON.stringify({ type: "progress", done, count, ...times(done) })}\n`),
      stop: () => undefined,
    };
  }
  if (!process.stderr.isTTY) {
    let lastLine = start;
    return {
      update(done) {
        if (now() - lastLine < lineEveryMs) return;
        lastLine = now();
        const { elapsedSeconds, remainingSeconds } = times(done);
        process.stderr.write(
          `${formatCount(done)}/${formatCount(count)} images  elapsed ` +
            `${formatDuration(elapsedSeconds)} left ${formatDuration(remainingSeconds)}\n`,
        );
      },
      stop: () => undefined,
    };
  }
  const bar = new SingleBar({
    stream: process.stderr,
    format: "{bar} {percentage} %  {value}/{total} images  elapsed {elapsed}  left {left}",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
  });
  bar.start(count, 0, { elapsed: "0:00", left: "-" });
  return {
    update(done) {
      const { elapsedSeconds, remainingSeconds } = times(done);
      bar.update(done, { elapsed: formatDuration(elapsedSeconds), left: formatDuration(remainingSeconds) });
    },
    stop: () => bar.stop(),
  };
}
