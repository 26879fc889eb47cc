import { useEffect, useRef } from "preact/hooks";
import { go, type Page } from "../page.ts";
import { shortNames } from "./names.ts";
import { stateWords } from "./words.ts";

export function RunList({ page }: { page: Page }) {
  const runs = page.runs.value;
  const selected = page.selected.value?.id;
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    const chosen = list.current?.querySelector("[aria-current]");
    if (chosen && !isInView(chosen)) chosen.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [selected, runs !== undefined]);
  if (!runs) return <p class="note">Looking for runs…</p>;
  const names = shortNames(runs.map(({ name }) => name));
  return (
    <ul class="runs" ref={list}>
      {runs.map((run, i) => (
        <li key={run.id}>
          <button
            type="button"
            class="run"
            aria-current={run.id === selected ? "true" : undefined}
            title={run.name}
            onClick={() =>
              go(page, { run: run.id, compare: undefined, levelSigma: undefined, form: false, clone: undefined })
            }
          >
            <span class="name">{names[i]}</span>
            <span class={`state ${run.state}`}>{stateWords[run.state]}</span>
            {run.changed && (
              <span class="when">
                {new Date(run.changed).toLocaleString("en-GB", {
                  day: "numeric",
                  month: "short",
                  hour: "2-digit",
                  minute: "2-digit",
                })}
              </span>
            )}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Scrolling to what is seen already would move the place from which the keyboard goes on. */
function isInView(element: Element): boolean {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  return left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
}
