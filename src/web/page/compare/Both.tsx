import type { ComponentChildren } from "preact";
import type { RunEvent } from "../../../reconstruct/folder/events.ts";
import type { RunSummary } from "../../live/source.ts";
import { nameOf, type Page } from "../page.ts";

/** A run and what it tells of itself. */
export interface RunShown {
  run: RunSummary;
  events: readonly RunEvent[];
}

interface Props {
  page: Page;
  /** One, or two that are compared. */
  runs: readonly RunShown[];
  children: (shown: RunShown) => ComponentChildren;
}

/** The same of each run: of two side by side, or below one another where it is narrow, each under its name. */
export function Both({ page, runs, children }: Props) {
  if (runs.length === 1) return <>{children(runs[0]!)}</>;
  return (
    <div class="both">
      {runs.map((shown) => {
        const name = nameOf(page, shown.run);
        return (
          <section key={shown.run.id} aria-label={name}>
            <h2>{name}</h2>
            {children(shown)}
          </section>
        );
      })}
    </div>
  );
}
