/** From maps and times to the table that `npm run bench` prints. */

/** A map's time and how far it is right: FSC ≥ 0.5 against the truth in all shells up to this one. */
export interface Progress {
  seconds: number;
  shell: number;
}

export interface Row {
  title: string;
  /** Milliseconds of an iteration at the first and at the last resolution. */
  coarseMs?: number;
  fineMs?: number;
  progress: readonly Progress[];
  totalSeconds: number;
  /** Killed at the limit of time. */
  stopped: boolean;
  peakBytes: number;
}

/** Last shell up to which all FSC values are at least 0.5; `fsc` starts at shell 1. */
export function goodShells(fsc: readonly number[]): number {
  const bad = fsc.findIndex((c) => !(c >= 0.5));
  return bad < 0 ? fsc.length : bad;
}

/** Time of the first map that is right up to a shell; undefined if none is. */
export function secondsTo(shell: number, progress: readonly Progress[]): number | undefined {
  return progress.find((p) => p.shell >= shell)?.seconds;
}

const time = (seconds: number): string => (seconds < 100 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`);
const milliseconds = (ms: number | undefined): string =>
  ms === undefined ? "" : ms < 100 ? `${ms.toFixed(1)} ms` : ms < 10_000 ? `${Math.round(ms)} ms` : time(ms / 1000);

/** Markdown. @param boxAngstrom for the resolutions of the shells */
export function markdownTable(rows: readonly Row[], shells: readonly number[], boxAngstrom: number): string {
  const head = [
    "program",
    "iteration, first",
    "iteration, last",
    ...shells.map((s) => `FSC 0.5 at shell ${s} (${(boxAngstrom / s).toFixed(1)} Å)`),
    "finest shell",
    "whole run",
    "peak memory",
  ];
  const lines = rows.map((row) => [
    row.title,
    milliseconds(row.coarseMs),
    milliseconds(row.fineMs),
    ...shells.map((shell) => {
      const seconds = secondsTo(shell, row.progress);
      return seconds === undefined ? "not reached" : time(seconds);
    }),
    String(Math.max(0, ...row.progress.map((p) => p.shell))),
    `${time(row.totalSeconds)}${row.stopped ? ", stopped" : ""}`,
    `${Math.round(row.peakBytes / 1e6)} MB`,
  ]);
  return [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
