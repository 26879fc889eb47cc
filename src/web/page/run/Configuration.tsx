import { optionRows } from "../../../charts/optionRows.ts";
import type { RunEvent } from "../../../reconstruct/folder/events.ts";
import type { RunSummary } from "../../live/source.ts";
import { Empty, NotThere } from "../Empty.tsx";
import { optionsAsked } from "../form/clone.ts";
import type { Page } from "../page.ts";
import { CommandLine } from "./CommandLine.tsx";
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
      <h3>Command line</h3>
      <p class="note">What does the same in a terminal{page.local ? ", with the files that were dropped here" : ""}.</p>
      <CommandLine form={optionsAsked(config.value)} out={run.name} />
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
