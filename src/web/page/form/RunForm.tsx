import { useEffect, useState } from "preact/hooks";
import type { FormField } from "../../live/formField.ts";
import { FormError, type RunForm as Values } from "../../live/source.ts";
import { localFiles, particleFiles } from "../local/files.ts";
import { LocalFiles } from "../local/LocalFiles.tsx";
import { go, type Page } from "../page.ts";
import { cloneOf } from "./clone.ts";
import { Field } from "./Field.tsx";
import { fields } from "./fields.ts";
import { filledIn, formProblems } from "./validate.ts";

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
/** A server begins every run in a folder of its own. */
const advancedOf = ({ local }: Page) => folded.filter(({ name }) => local || name !== "overwrite");

/** A new run: the options of `cryogan reconstruct` by their names; at first those of the run that is cloned, if any. */
export function RunForm({ page }: { page: Page }) {
  const { clone } = page.address.value;
  const [values, setValues] = useState<Values>({});
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    if (clone === undefined) return;
    cloneOf(page, clone).then(setValues, (error: Error) => setProblems({ "": error.message }));
  }, [clone]);
  const set = (name: string, value: string | boolean) => {
    const next = { ...values, [name]: value };
    setValues(next);
    if (problems[name] !== undefined) setProblems(formProblems(filledIn(next)));
  };
  const show = (found: Record<string, string>) => {
    setProblems(found);
    const name = Object.keys(found)[0];
    if (name) queueMicrotask(() => document.getElementById(`field-${name}`)?.focus());
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    const form = filledIn(values);
    const found = formProblems(form);
    if (Object.keys(found).length > 0) return show(found);
    setBusy(true);
    try {
      const run = await page.source.start(form);
      go(page, { run, form: false, clone: undefined, compare: undefined, levelSigma: undefined });
    } catch (error) {
      if (error instanceof FormError) show(error.fields);
      else setProblems({ "": (error as Error).message });
    } finally {
      setBusy(false);
    }
  };
  const row = (field: FormField) => (
    <Field
      key={field.name}
      field={field}
      value={values[field.name]}
      problem={problems[field.name]}
      onChange={(value) => set(field.name, value)}
    />
  );
  const advanced = advancedOf(page);
  const foldedProblem = advanced.some(({ name }) => problems[name] !== undefined),
    foldedValue = clone !== undefined && advanced.some(({ name }) => filledIn(values)[name] !== undefined);
  return (
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
  );
}
