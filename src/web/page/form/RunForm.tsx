import { useState } from "preact/hooks";
import { FormError, type RunForm as Values } from "../../live/source.ts";
import { localFiles, particleFiles } from "../local/files.ts";
import { LocalFiles } from "../local/LocalFiles.tsx";
import { go, type Page } from "../page.ts";
import { type FormField, fields } from "./fields.ts";
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

/** A new run: the options of `cryogan reconstruct` by their names. */
export function RunForm({ page }: { page: Page }) {
  const [values, setValues] = useState<Values>({});
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
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
      go(page, { run, form: false, compare: undefined, levelSigma: undefined });
    } catch (error) {
      if (error instanceof FormError) show(error.fields);
      else setProblems({ "": (error as Error).message });
    } finally {
      setBusy(false);
    }
  };
  const row = (field: FormField) => (
    <Row
      key={field.name}
      field={field}
      value={values[field.name]}
      problem={problems[field.name]}
      onChange={(value) => set(field.name, value)}
    />
  );
  const advanced = advancedOf(page);
  const foldedProblem = advanced.some(({ name }) => problems[name] !== undefined);
  return (
    <form class="run-form" noValidate onSubmit={(event) => void submit(event)}>
      <h2>New run</h2>
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
      <details {...(foldedProblem ? { open: true } : {})}>
        <summary>Advanced options</summary>
        {advanced.map(row)}
      </details>
      <div class="actions">
        <button class="primary" type="submit" disabled={busy}>
          {busy ? "Starting…" : "Start"}
        </button>
        <button type="button" onClick={() => go(page, { form: false })}>
          Cancel
        </button>
      </div>
    </form>
  );
}

interface RowProps {
  field: FormField;
  value: string | boolean | undefined;
  problem: string | undefined;
  onChange: (value: string | boolean) => void;
}

function Row({ field, value, problem, onChange }: RowProps) {
  const id = `field-${field.name}`;
  const about = {
    id,
    "aria-describedby": `${id}-help${problem ? ` ${id}-problem` : ""}`,
    "aria-invalid": problem !== undefined,
    required: field.required,
  };
  const text = typeof value === "string" ? value : "";
  return (
    <div class={`field${field.flag ? " flag" : ""}${problem ? " wrong" : ""}`}>
      <label for={id}>
        {field.label}
        {field.unit && <span class="unit"> {field.unit}</span>}
        {field.required && <span class="unit"> (required)</span>}
      </label>
      {field.flag ? (
        <input
          {...about}
          required={false}
          type="checkbox"
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      ) : field.choices ? (
        <select {...about} value={text} onChange={(event) => onChange(event.currentTarget.value)}>
          <option value="">{field.default ?? "default"}</option>
          {field.choices
            .filter((choice) => choice !== field.default)
            .map((choice) => (
              <option key={choice}>{choice}</option>
            ))}
        </select>
      ) : (
        <input
          {...about}
          type="text"
          value={text}
          placeholder={field.default ?? ""}
          autocomplete="off"
          spellcheck={false}
          {...(field.name === "particlesFile" ? { list: "particle-files" } : {})}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
      <p id={`${id}-help`} class="note">
        {field.help}
      </p>
      {problem && (
        <p id={`${id}-problem`} class="problem">
          {problem[0]!.toUpperCase() + problem.slice(1)}
        </p>
      )}
    </div>
  );
}
