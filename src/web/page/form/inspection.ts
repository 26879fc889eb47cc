/** What is known of the particles of a form, and what that has against its other options. */
import { useEffect, useState } from "preact/hooks";
import { InputError } from "../../../base/errors.ts";
import { reconstructSchema } from "../../../reconstruct/optionSchema.ts";
import { reconstructOptions } from "../../../reconstruct/options.ts";
import { readingKeys } from "../../../reconstruct/readingOptions.ts";
import type { Inspection } from "../../../reconstruct/run/inspection.ts";
import { type Plan, planOf } from "../../../reconstruct/run/plan.ts";
import { sizeProblems } from "../../../reconstruct/run/sizes.ts";
import { FormError, type RunForm, type RunSource } from "../../live/source.ts";

export interface Looked {
  /** Which particles: their options in the form. */
  of?: string;
  inspection?: Inspection;
  /** Why they are not looked at. */
  unseen?: string;
  problems: Record<string, string>;
  busy: boolean;
}

const nothing: Looked = { problems: {}, busy: false };

const readingPart = (form: RunForm): RunForm =>
  Object.fromEntries(readingKeys.flatMap((key) => (form[key] === undefined ? [] : [[key, form[key]]])));

/**
 * Looks at the particles that a form names, anew when it names others.
 *
 * @param form  as it was left, filled in
 * @param files that were offered to the page: with others there may be more to see
 */
export function useInspection({ inspect }: Pick<RunSource, "inspect">, form: RunForm, files: unknown): Looked {
  const [looked, setLooked] = useState<Looked>(nothing);
  const asked = form.particlesFile === undefined ? undefined : JSON.stringify(readingPart(form));
  useEffect(() => {
    if (!inspect || asked === undefined) return setLooked(nothing);
    const controller = new AbortController();
    const tell = (found: Partial<Looked>): void => {
      if (!controller.signal.aborted) setLooked({ of: asked, problems: {}, busy: false, ...found });
    };
    tell({ busy: true });
    inspect(JSON.parse(asked) as RunForm, controller.signal).then(
      (found) => tell("unseen" in found ? found : { inspection: found }),
      (error: Error) =>
        tell(error instanceof FormError ? { problems: error.fields } : { unseen: `not looked at: ${error.message}` }),
    );
    return () => controller.abort();
  }, [inspect, asked, files]);
  return looked.of === asked ? looked : nothing;
}

/** A value as the run would take it; undefined where it is not given, or wrong. */
export function valueIn<
  K extends "maskDiameter" | "maxShift" | "box" | "resolution" | "start" | "startResolution" | "stages",
>(form: RunForm, key: K): ReturnType<(typeof reconstructOptions)[K]["value"]["read"]> {
  const typed = form[key];
  return (typeof typed === "string" ? reconstructOptions[key].value.read(typed) : undefined) as ReturnType<
    (typeof reconstructOptions)[K]["value"]["read"]
  >;
}

/** Options that ask for what the images cannot show: a mask beyond the box, a shift out of it. */
export function impossible({ summary }: Inspection, form: RunForm): Record<string, string> {
  const options = {
    maskDiameter: valueIn(form, "maskDiameter"),
    maxShift: valueIn(form, "maxShift"),
    box: valueIn(form, "box"),
    resolution: valueIn(form, "resolution"),
    start: valueIn(form, "start"),
    startResolution: valueIn(form, "startResolution"),
    stages: valueIn(form, "stages"),
  };
  const problems: Record<string, string> = {};
  for (const { option, message } of sizeProblems({ ...summary, source: summary.file }, options))
    problems[option || "particlesFile"] ??= message;
  return problems;
}

/** Undefined where the form is not right, or nothing can be told. */
export function planFor(inspection: Inspection, form: RunForm): Plan | undefined {
  const { data } = reconstructSchema.safeParse({ ...form, out: "run" });
  if (!data || Object.keys(impossible(inspection, form)).length > 0) return undefined;
  try {
    return planOf(inspection, data);
  } catch (error) {
    if (error instanceof InputError) return undefined; // the run will say so
    throw error;
  }
}
