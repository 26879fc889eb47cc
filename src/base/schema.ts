/** Kinds of values as schemas of the validation library, and options read by such a schema. */
import { z } from "zod";
import { UsageError } from "./errors.ts";
import { kebabCase, optionName, type ValueKind } from "./values.ts";

/** A value as typed: text from a command line or a web form; numbers are taken too. */
export function value<T>({ expected, read }: ValueKind<T>) {
  return z
    .union([z.string(), z.number()], {
      error: (issue) => (issue.input === undefined ? `is required: ${expected}` : `expected ${expected}`),
    })
    .transform((typed, context): T => {
      const result = read(String(typed).trim());
      if (result !== undefined) return result;
      context.addIssue({ code: "custom", message: `expected ${expected}, got "${typed}"` });
      return z.NEVER;
    });
}

/** What `schema` takes, or the word auto. */
export const autoOr = <T>(schema: z.ZodType<T>) =>
  z.union([z.literal("auto"), schema], { error: (issue) => `expected auto or a number, got "${String(issue.input)}"` });

/** An option without a value: present (true) or absent. */
export const flag = () => z.boolean().default(false);

/**
 * Turn values as typed into typed options.
 * @param options.arguments keys that are positional on the command line: named MODEL, not --model, in messages
 * @throws UsageError one line naming the first option that is wrong and what was expected
 */
export function parseOptions<S extends z.ZodType>(
  schema: S,
  values: Record<string, unknown>,
  options: { arguments?: readonly string[] } = {},
): z.output<S> {
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const key = issue.path.length > 0 ? String(issue.path[0]) : "";
  if (key === "") throw new UsageError(issue.message);
  const name = options.arguments?.includes(key) ? kebabCase(key).toUpperCase() : optionName(key);
  throw new UsageError(`${name}: ${issue.message}`);
}
