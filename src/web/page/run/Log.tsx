import { useMemo, useState } from "preact/hooks";
import type { RunEvent } from "../../../reconstruct/folder/events.ts";
import { Empty } from "../Empty.tsx";
import { logLines } from "./words.ts";

const kinds = { all: "everything", steps: "without files", warnings: "warnings only" } as const;

export function Log({ events }: { events: readonly RunEvent[] }) {
  const [kind, setKind] = useState<keyof typeof kinds>("steps");
  const [text, setText] = useState("");
  const lines = useMemo(() => logLines(events), [events]);
  const shown = lines.filter(
    (line) =>
      (kind === "all" || (kind === "steps" ? line.kind !== "file" : line.kind === "warning")) &&
      line.text.toLowerCase().includes(text.toLowerCase()),
  );
  return (
    <>
      <div class="filters">
        <label>
          Show{" "}
          <select value={kind} onChange={(event) => setKind(event.currentTarget.value as keyof typeof kinds)}>
            {Object.entries(kinds).map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label>
          Find <input type="search" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
      </div>
      {shown.length === 0 && (
        <Empty>
          {lines.length === 0
            ? "Nothing has happened."
            : kind === "warnings" && text === ""
              ? "No warnings."
              : "No line of the log matches."}
        </Empty>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, with the keyboard too */}
      <ol class="log" reversed tabIndex={0} aria-label="Log">
        {shown
          .map((line, i) => (
            <li key={i} class={line.kind}>
              <time dateTime={line.time}>{new Date(line.time).toLocaleTimeString("en-GB")}</time>
              <span>
                {line.kind === "warning" && <strong>Warning: </strong>}
                {line.text}
              </span>
            </li>
          ))
          .reverse()}
      </ol>
    </>
  );
}
