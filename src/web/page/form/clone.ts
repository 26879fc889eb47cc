/** A form filled in as another run was asked for. */
import { asTyped, withoutDefaults } from "../../../reconstruct/options.ts";
import type { RunForm, RunSource } from "../../live/source.ts";
import { folderName } from "../run/names.ts";

/** The options that a run was asked for, as typed, without those that are so anyway. @param config its config.json */
export const optionsAsked = (config: Readonly<Record<string, unknown>>): RunForm => withoutDefaults(asTyped(config));

/**
 * The options of a run and a folder of its own to be.
 * @throws where its config.json is not there or cannot be read
 */
export async function cloneOf({ source }: { source: Pick<RunSource, "file" | "list"> }, id: string): Promise<RunForm> {
  const bytes = await source.file(id, "config.json");
  if (!bytes) throw new Error("the options of that run are not known: it has no config.json");
  const config = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>,
    names = (await source.list()).map(({ id, name }) => ({ id, folder: folderName(name) }));
  const original = names.find((run) => run.id === id)?.folder ?? "run";
  return {
    ...optionsAsked(config),
    out: freeName(
      original,
      names.map(({ folder }) => folder),
    ),
  };
}

/** "first" → "first-2", or the next number that is free; "first-2" → "first-3". */
export function freeName(name: string, taken: readonly string[]): string {
  const stem = name.replace(/-\d+$/, "");
  let number = 2;
  while (taken.includes(`${stem}-${number}`)) number++;
  return `${stem}-${number}`;
}
