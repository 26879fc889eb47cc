import { formatBytes, formatNumber, formatResolution } from "../../../base/format.ts";
import type { Task, TaskSource } from "../../live/tasks.ts";
import { isResultFile } from "../address.ts";
import { go, type Page } from "../page.ts";

const stateWords: Record<Task["state"], string> = {
  running: "at work",
  finished: "done",
  failed: "failed",
  stopped: "ended without a word",
};

/** How a task stands, what it came to, and the files that it has written. */
export function TaskResult({ page, task, tasks, id }: { page: Page; task: Task; tasks: TaskSource; id: string }) {
  const { name, state, progress, message, result, files } = task;
  const facts = result ? factsOf(result) : [];
  return (
    <li class="task-result">
      <p>
        <strong>{name}</strong> <span class={`state ${state}`}>{stateWords[state]}</span>
        {facts.length > 0 && <span class="note"> · {facts.join(" · ")}</span>}
      </p>
      {state === "running" && (
        <progress
          aria-label={`progress of ${name}`}
          {...(progress ? { max: progress.count, value: progress.done } : {})}
        />
      )}
      {message && <p class="problem">{message}</p>}
      {noteOf(result) && <p class="note">{noteOf(result)}</p>}
      <ul class="files">
        {files.map(({ path, bytes }) => (
          <li key={path}>
            <a href={tasks.address(id, path)} download={path.split("/").at(-1)}>
              {path}
            </a>{" "}
            <span class="note">{formatBytes(bytes)}</span>
            {isResultFile(path) && (
              <button
                type="button"
                aria-pressed={page.address.value.map === path}
                onClick={() => go(page, { map: path, levelSigma: undefined })}
              >
                Show<span class="visually-hidden"> {path}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
    </li>
  );
}

/** What the command told, as far as it is what it should be: a log may come from anyone. */
function factsOf(result: Record<string, unknown>): string[] {
  const number = (name: string): number | undefined =>
    typeof result[name] === "number" ? (result[name] as number) : undefined;
  const resolution = number("resolutionAngstrom"),
    bFactor = number("bFactorAngstrom2"),
    lowPass = number("lowPassAngstrom"),
    particles = number("particles");
  return [
    particles !== undefined && `${particles} particles`,
    resolution !== undefined &&
      `resolution ${formatResolution(resolution, result.resolutionOrBetter === true, "the half-maps end")}`,
    bFactor !== undefined && `B-factor ${formatNumber(bFactor)} Å²`,
    lowPass !== undefined && `low-pass filter ${formatNumber(lowPass)} Å`,
  ].filter((fact) => typeof fact === "string");
}

const noteOf = (result: Record<string, unknown> | undefined): string | undefined =>
  typeof result?.bFactorNote === "string" ? result.bFactorNote : undefined;
