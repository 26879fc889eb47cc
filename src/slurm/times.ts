/** Times of a job: as Slurm writes them, and what of them the program may use. */
import { duration, type ValueKind } from "../base/values.ts";

const [minute, hour, day] = [60, 3600, 86_400] as const;
const longestDays = 365;

/**
 * Wall time of a job in seconds: a duration as the program's other options take it (90m, 2h), or in Slurm's words:
 * minutes, M:S, H:M:S, D-H, D-H:M, D-H:M:S.
 */
export const jobTime = (): ValueKind<number> => ({
  expected: `a duration such as 90m or 2h, or in Slurm's words 2:00:00 or 1-12:00:00, at most ${longestDays} days`,
  read: (text) => {
    const seconds = inSlurmsWords(text) ?? duration().read(text) ?? 0;
    return seconds > 0 && seconds <= longestDays * day ? Math.ceil(seconds) : undefined;
  },
  write: slurmTime,
});

function inSlurmsWords(text: string): number | undefined {
  const parts = /^(?:(\d{1,3})-)?(\d{1,6})(?::(\d{1,2}))?(?::(\d{1,2}))?$/.exec(text);
  if (!parts) return undefined;
  const [days, ...rest] = parts.slice(1).map((part) => (part === undefined ? undefined : Number(part))),
    given = rest.filter((part) => part !== undefined);
  const units = days === undefined && given.length < 3 ? [minute, 1] : [hour, minute, 1];
  return given.reduce((sum, count, i) => sum + count * units[i]!, (days ?? 0) * day);
}

/** Seconds as Slurm writes them: "2:00:00", "1-12:00:00". */
export function slurmTime(seconds: number): string {
  const two = (count: number): string => String(Math.floor(count)).padStart(2, "0");
  const days = Math.floor(seconds / day),
    hours = Math.floor((seconds % day) / hour);
  return `${days > 0 ? `${days}-${two(hours)}` : hours}:${two((seconds % hour) / minute)}:${two(seconds % minute)}`;
}

/** Seconds before the end of a job at which Slurm is to ask for its end; it may do so up to a minute earlier. */
export const noticeSeconds = (jobSeconds: number): number => Math.min(120, Math.ceil(jobSeconds / 5));

/**
 * Seconds that the run of such a job gets as its time limit: it is to end by itself before Slurm asks for it, with its
 * map and its report written.
 */
export const runSeconds = (jobSeconds: number): number =>
  Math.floor(jobSeconds - Math.min(jobSeconds / 2, Math.max(180, 0.05 * jobSeconds)));
