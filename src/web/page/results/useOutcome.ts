import { useEffect, useState } from "preact/hooks";
import type { Outcome, TaskSource } from "../../live/tasks.ts";

const lookEveryMs = 1000;

/**
 * What there is after a run; looked at again and again while something is at work.
 * @param busy whether the page waits for something that is being begun
 */
export function useOutcome(
  tasks: TaskSource,
  id: string,
  busy: boolean,
): { outcome?: Outcome; problem?: string; look: () => Promise<void> } {
  const [seen, setSeen] = useState<{ outcome?: Outcome; problem?: string }>({});
  const look = (): Promise<void> =>
    tasks.outcome(id).then(
      (outcome) => setSeen({ outcome }),
      (error: Error) => setSeen(({ outcome }) => ({ ...(outcome ? { outcome } : {}), problem: error.message })),
    );
  const works = busy || seen.outcome?.tasks.some(({ state }) => state === "running") === true;
  useEffect(() => {
    void look();
    if (!works) return;
    const timer = setInterval(() => void look(), lookEveryMs);
    return () => clearInterval(timer);
  }, [tasks, id, works]);
  return { ...seen, look };
}
