import { useState } from "preact/hooks";
import type { RunForm } from "../../live/source.ts";
import type { TaskKind, TaskSource } from "../../live/tasks.ts";
import { Empty } from "../Empty.tsx";
import type { Page } from "../page.ts";
import { TaskForm } from "./TaskForm.tsx";
import { TaskResult } from "./TaskResult.tsx";
import { useOutcome } from "./useOutcome.ts";

/** From the map to what other programs take, without a terminal. */
export function Results({ page, id }: { page: Page; id: string }) {
  const { tasks } = page.source;
  if (!tasks) return <Empty>Maps are sharpened and exported by cryogan serve, not by the browser alone.</Empty>;
  return <ServedResults page={page} id={id} tasks={tasks} />;
}

function ServedResults({ page, id, tasks }: { page: Page; id: string; tasks: TaskSource }) {
  const { may } = page.source;
  const [busy, setBusy] = useState(false);
  const { outcome, problem, look } = useOutcome(tasks, id, busy);
  const during = async (work: Promise<unknown>) => {
    setBusy(true);
    await work.finally(() => setBusy(false));
    await look();
  };
  const begin = (kind: TaskKind) => (form: RunForm) => during(tasks.start(id, kind, form));
  const draw = () =>
    during(tasks.report(id)).catch((error: Error) => {
      page.problem.value = error.message;
    });
  const list = (kind: TaskKind) => {
    const shown = (outcome?.tasks ?? []).filter((task) => task.kind === kind);
    if (shown.length === 0) return may.start ? null : <p class="note">Nothing yet.</p>;
    return (
      <ul class="results">
        {shown.map((task) => (
          <TaskResult key={task.name} page={page} task={task} tasks={tasks} id={id} />
        ))}
      </ul>
    );
  };
  return (
    <>
      {problem && <p class="problem">{problem}</p>}
      <h3>Sharpened map</h3>
      <p class="note">
        As <code>relion_postprocess</code> does: FSC of the half-maps in a soft mask, FSC weighting, B-factor, low-pass
        filter (<code>cryogan postprocess</code>).
      </p>
      {list("postprocess")}
      {may.start && <TaskForm kind="postprocess" action="Sharpen the map" begin={begin("postprocess")} />}
      <h3>RELION and cryoSPARC</h3>
      <p class="note">
        Map, mask and particles (<code>cryogan export</code>). <code>relion_refine.sh</code> runs RELION's 3D
        auto-refine. cryoSPARC takes <code>particles.csg</code> and <code>volume.csg</code> by{" "}
        <i>Import Result Group</i>, where they lie on a disk that it sees.
      </p>
      {list("export")}
      {may.start && <TaskForm kind="export" action="Export" begin={begin("export")} />}
      <h3>Report</h3>
      <p class="note">One page with maps, curves and options, which needs nothing beside it.</p>
      <p class="actions">
        {outcome?.reported && (
          <>
            <a href={tasks.address(id, "report.html")} target="_blank" rel="noreferrer">
              Open report.html
            </a>
            <a href={tasks.address(id, "report.html")} download="report.html">
              Download
            </a>
            <span class="note">drawn {new Date(outcome.reported).toLocaleString("en-GB")}</span>
          </>
        )}
        {may.start && (
          <button type="button" disabled={busy} onClick={() => void draw()}>
            {outcome?.reported ? "Draw it again" : "Draw the report"}
          </button>
        )}
      </p>
    </>
  );
}
