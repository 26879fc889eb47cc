import { useEffect, useMemo, useState } from "preact/hooks";
import { type ChosenOption, isChosenOption } from "../../live/data.ts";
import type { FormField } from "../../live/formField.ts";
import { nameTaken, problemsIn, type RunForm as Values } from "../../live/source.ts";
import { localFiles, particleFiles } from "../local/files.ts";
import { LocalFiles } from "../local/LocalFiles.tsx";
import { go, type Page } from "../page.ts";
import { folderName } from "../run/names.ts";
import { cloneOf } from "./clone.ts";
import { Field } from "./Field.tsx";
import { FileBrowser } from "./FileBrowser.tsx";
import { fields } from "./fields.ts";
import { Inspected } from "./Inspected.tsx";
import { impossible, useInspection } from "./inspection.ts";
import { filledIn, formProblems, problemsOfGiven } from "./validate.ts";

/** What most runs set; the rest is folded. */
const common = [
  "particlesFile",
  "out",
  "symmetry",
  "method",
  "timeLimit",
  "halfMaps",
  "resolution",
  "maskDiameter",
  "maxShift",
];
const isCommon = ({ name, required }: FormField) => required || common.includes(name);
const first = common.flatMap((name) => fields.filter((field) => field.name === name));
const folded = fields.filter((field) => !first.includes(field) && !isCommon(field));
/** With a server a folder is never written over. */
const advancedOf = ({ local }: Page) => folded.filter(({ name }) => local || name !== "overwrite");

/** A new run: the options of `cryogan reconstruct` by their names; at first those of the run that is cloned, if any. */
export function RunForm({ page }: { page: Page }) {
  const { clone } = page.address.value;
  const [values, setValues] = useState<Values>({});
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  /** As it was when a field was left last. */
  const [left, setLeft] = useState<Values>({});
  const [choosing, setChoosing] = useState<{ name: ChosenOption; title: string }>();
  const [runsFolder, setRunsFolder] = useState<string>();
  const { data } = page.source,
    looked = useInspection(page.source, left, localFiles.value);
  const fill = (form: Values) => {
    setValues(form);
    setLeft(filledIn(form));
  };
  useEffect(() => {
    if (clone === undefined) return;
    cloneOf(page, clone).then(fill, (error: Error) => setProblems({ "": error.message }));
  }, [clone]);
  useEffect(() => {
    data?.places().then(
      ({ runs }) => setRunsFolder(runs),
      (error: Error) => setProblems({ "": error.message }),
    );
  }, [data]);
  /** What the particles, and the runs that are there, have against a form. */
  const against = (form: Values): Record<string, string> => ({
    ...(looked.inspection ? impossible(looked.inspection, form) : {}),
    ...(isTaken(page, form.out) ? { out: nameTaken } : {}),
  });
  const set = (name: string, value: string | boolean) => {
    const next = { ...values, [name]: value };
    setValues(next);
    if (problems[name] !== undefined) setProblems(formProblems(filledIn(next)));
    return next;
  };
  const show = (found: Record<string, string>) => {
    setProblems(found);
    const name = Object.keys(found)[0];
    if (name) queueMicrotask(() => document.getElementById(`field-${name}`)?.focus());
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    const form = filledIn(values);
    setLeft(form);
    const found = { ...against(form), ...formProblems(form) };
    if (Object.keys(found).length > 0) return show(found);
    setBusy(true);
    try {
      const run = await page.source.start(form);
      go(page, { run, form: false, clone: undefined, compare: undefined, levelSigma: undefined });
    } catch (error) {
      show(problemsIn(error));
    } finally {
      setBusy(false);
    }
  };
  const asLeft = useMemo(() => ({ ...problemsOfGiven(left), ...against(left) }), [left, looked, page.runs.value]),
    filled = filledIn(values);
  /** Of what was typed and left; what is being typed is not found fault with. */
  const seenProblem = (name: string) =>
    filled[name] === left[name] ? (looked.problems[name] ?? asLeft[name]) : undefined;
  const row = (field: FormField) => {
    const { name, title } = field;
    return (
      <Field
        key={name}
        field={field}
        value={values[name]}
        problem={problems[name] ?? seenProblem(name)}
        onChange={(value) => {
          const next = set(name, value);
          if (typeof value === "boolean") setLeft(filledIn(next));
        }}
        onLeave={() => setLeft(filledIn(values))}
        {...(data && isChosenOption(name) ? { onChoose: () => setChoosing({ name, title }) } : {})}
      >
        {name === "particlesFile" && page.source.inspect && <Inspected looked={looked} form={left} />}
        {name === "out" && runsFolder !== undefined && (
          <p class="note run-path">
            Will be <code>{pathIn(runsFolder, String(values.out ?? "").trim() || "…")}</code>
          </p>
        )}
      </Field>
    );
  };
  const advanced = advancedOf(page);
  const foldedProblem = advanced.some(({ name }) => (problems[name] ?? seenProblem(name)) !== undefined),
    foldedValue = clone !== undefined && advanced.some(({ name }) => filled[name] !== undefined);
  return (
    <>
      <form class="run-form" noValidate onSubmit={(event) => void submit(event)}>
        <h2>{clone === undefined ? "New run" : "New run with the options of another"}</h2>
        <p class="note">
          The options of <code>cryogan reconstruct</code>. What is left empty is chosen from the data.
          {page.local ? "" : " Paths are those of the machine that computes."}
        </p>
        {page.local && <LocalFiles page={page} local={page.local} />}
        <datalist id="particle-files">
          {particleFiles(localFiles.value).map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        {problems[""] && (
          <p class="problem" role="alert">
            {problems[""]}
          </p>
        )}
        {first.map(row)}
        <details {...(foldedProblem || foldedValue ? { open: true } : {})}>
          <summary>Advanced options</summary>
          {advanced.map(row)}
        </details>
        <div class="actions">
          <button class="primary" type="submit" disabled={busy}>
            {busy ? "Starting…" : "Start"}
          </button>
          <button type="button" onClick={() => go(page, { form: false, clone: undefined })}>
            Cancel
          </button>
        </div>
      </form>
      {choosing && data && (
        <FileBrowser
          data={data}
          option={choosing.name}
          title={choosing.title}
          value={String(values[choosing.name] ?? "")}
          onChoose={(path) => setLeft(filledIn(set(choosing.name, path)))}
          onClose={() => setChoosing(undefined)}
        />
      )}
    </>
  );
}

/** A server begins every run in a folder of its own. */
const isTaken = ({ local, runs }: Page, name: unknown): boolean =>
  !local && (runs.value ?? []).some((run) => folderName(run.name) === name);

const pathIn = (folder: string, name: string): string =>
  `${folder.replace(/[\\/]$/, "")}${folder.includes("\\") ? "\\" : "/"}${name}`;
