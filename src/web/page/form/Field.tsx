import type { ComponentChildren } from "preact";
import type { FormField } from "../../live/formField.ts";

interface FieldProps {
  field: FormField;
  value: string | boolean | undefined;
  problem: string | undefined;
  /** In place of the default, in an empty field. */
  placeholder?: string;
  /** Below the help. */
  children?: ComponentChildren;
  onChange: (value: string | boolean) => void;
  /** What was typed is left, other than for a button. */
  onLeave?: () => void;
  /** Opens a choice of files. */
  onChoose?: () => void;
}

/** What is told of a field that was left must not move a button away from under the pointer. */
const isPressed = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches("button, summary");

/** An option with its help, and what is wrong with it. */
export function Field({ field, value, problem, placeholder, children, onChange, onLeave, onChoose }: FieldProps) {
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
        {field.title}
        {field.required && " (required)"}{" "}
        <code>
          {field.label}
          {field.unit && ` ${field.unit}`}
        </code>
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
        <div class="typed">
          <input
            {...about}
            type="text"
            value={text}
            placeholder={placeholder ?? field.default ?? ""}
            autocomplete="off"
            spellcheck={false}
            {...(field.name === "particlesFile" ? { list: "particle-files" } : {})}
            onInput={(event) => onChange(event.currentTarget.value)}
            onBlur={(event) => {
              if (!isPressed(event.relatedTarget)) onLeave?.();
            }}
          />
          {onChoose && (
            <button type="button" onClick={onChoose}>
              Choose…<span class="visually-hidden"> {field.title}</span>
            </button>
          )}
        </div>
      )}
      <p id={`${id}-help`} class="note">
        {field.help}
      </p>
      {problem && (
        <p id={`${id}-problem`} class="problem">
          {problem[0]!.toUpperCase() + problem.slice(1)}
        </p>
      )}
      {children}
    </div>
  );
}
