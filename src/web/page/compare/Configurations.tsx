import { type ComparedOption, compareOptions } from "../../../charts/optionRows.ts";
import { nameOf, type Page } from "../page.ts";
import { Configuration } from "../run/Configuration.tsx";
import { useJson } from "../run/files.ts";
import { Both, type RunShown } from "./Both.tsx";

/** The options of two runs, those that differ first; each by itself where one has none to compare. */
export function Configurations({ page, first, second }: { page: Page; first: RunShown; second: RunShown }) {
  const [one, other] = [useConfig(page, first), useConfig(page, second)];
  if (!one || !other)
    return (
      <Both page={page} runs={[first, second]}>
        {({ run, events }) => <Configuration page={page} run={run} events={events} />}
      </Both>
    );
  const { differ, alike } = compareOptions(one, other);
  return (
    <table class="options compared">
      <thead>
        <tr>
          <th scope="col">Option</th>
          {[first, second].map(({ run }) => (
            <th key={run.id} scope="col">
              {nameOf(page, run)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        <Heading text={differ.length === 0 ? "No option differs" : `${differ.length} differ`} />
        {differ.map((option) => (
          <Row key={option.name} option={option} differs />
        ))}
      </tbody>
      <tbody>
        <Heading text={`${alike.length} alike`} />
        {alike.map((option) => (
          <Row key={option.name} option={option} differs={false} />
        ))}
      </tbody>
    </table>
  );
}

const useConfig = (page: Page, { run, events }: RunShown) =>
  useJson<Record<string, unknown>>(page, run.id, "config.json", events).value;

const Heading = ({ text }: { text: string }) => (
  <tr>
    <th scope="rowgroup" colSpan={3} class="group">
      {text}
    </th>
  </tr>
);

const Row = ({ option: { name, values }, differs }: { option: ComparedOption; differs: boolean }) => (
  <tr class={differs ? "differs" : undefined}>
    <th scope="row">
      {differs && <span title="differs">≠ </span>}
      {name}
    </th>
    {values.map((value, i) => (
      <td key={i}>{value ?? <em>none</em>}</td>
    ))}
  </tr>
);
