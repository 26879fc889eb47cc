import { useEffect, useState } from "preact/hooks";
import type { Volume } from "../../../base/types.ts";
import type { AlignStep } from "../../../evaluate/align.ts";
import { startFit } from "../fit/startFit.ts";
import type { Between } from "./between.ts";

export interface BetweenState {
  /** What the search is at, and how much of that is done, 0 to 1. */
  step?: AlignStep;
  done?: number;
  between?: Between;
  /** Why the maps cannot be compared. */
  problem?: string;
}

interface Asked {
  map: Volume;
  other: Volume;
  /** Of the coarser of both, where it is known. */
  resolutionAngstrom: number | undefined;
}

/**
 * Compares two maps once that is asked for. Where one of them changes or goes, the search ends, and what it found goes,
 * too.
 */
export function useBetween(
  map: Volume | undefined,
  other: Volume | undefined,
  resolutionAngstrom: number | undefined,
): { state: BetweenState | undefined; start: (() => void) | undefined; end: () => void } {
  const [asked, ask] = useState<Asked>(),
    [state, setState] = useState<BetweenState & { of: Asked }>();
  const current = asked?.map === map && asked?.other === other ? asked : undefined;
  useEffect(() => {
    setState(undefined);
    ask(current); // what is not wanted any more is not kept
    if (!current) return;
    setState({ of: current });
    return startFit(
      { work: "compare", reference: current.map, other: current.other, resolutionAngstrom: current.resolutionAngstrom },
      {
        progress: (step, done) => setState({ of: current, step, done }),
        found: (between) => setState({ of: current, between }),
        failed: (problem) => setState({ of: current, problem }),
      },
    );
  }, [current]);
  return {
    state: current && (state?.of === current ? state : {}),
    start: map && other && (() => ask({ map, other, resolutionAngstrom })),
    end: () => ask(undefined),
  };
}
