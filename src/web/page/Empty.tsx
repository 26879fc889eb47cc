import type { ComponentChildren } from "preact";
import type { RunSummary } from "../live/source.ts";

/** What stands where there is nothing to show: why, and what to do. */
export const Empty = ({ children }: { children: ComponentChildren }) => <p class="empty">{children}</p>;

/** Of a run that goes on, when it comes; of one that is over, that it has none. */
export const NotThere = ({ run: { state }, what, comes }: { run: RunSummary; what: string; comes: string }) => (
  <Empty>{state === "queued" || state === "running" ? `No ${what} yet: ${comes}.` : `This run has no ${what}.`}</Empty>
);
