import { optionRows } from "../../../charts/optionRows.ts";
import type { RunEvent } from "../../../reconstruct/folder/events.ts";
import type { RunSummary } from "../../live/source.ts";
import { Empty, NotThere } from "../Empty.tsx";
import type { Page } from "../page.ts";
import { useJson } from "./files.ts";

export function Configuration({ page, run, events }: { page: Page; run: RunSummary; events: readonly RunEvent[] }) {
  const config = useJson<Record<string, unknown>>(page, run.id, "config.json", events);
  if (!config.value)
    return config.message ? (
      <Empty>{config.message}</Empty>
    ) : (
      <NotThere
        run={run}
        what="configuration"
        comes="it is written when the particles are read and the schedule is laid out"
      />
    );
  return (
    <>
      <h3>Configuration</h3>
      <p class="note">The options as used, after defaults and the automatic schedule (config.json).</p>
      <table class="options">
        <tbody>
          {optionRows(config.value).map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
