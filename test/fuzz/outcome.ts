/** What became of an input. */
import { InputError } from "../../src/base/errors.ts";
import { oneLine } from "../../src/base/printable.ts";
import { folder, type Reader } from "./readers.ts";

export type Outcome =
  | { kind: "read" }
  | { kind: "refused"; message: string }
  /** Ended as a bug would, or in a message that tells the user nothing. */
  | { kind: "broken"; error: unknown }
  | { kind: "nonsense"; what: string };

export async function outcomeOf(reader: Reader, bytes: Uint8Array): Promise<Outcome> {
  try {
    const what = await reader.read(bytes);
    return what === undefined ? { kind: "read" } : { kind: "nonsense", what };
  } catch (error) {
    if (!(error instanceof InputError)) return { kind: "broken", error };
    const message = oneLine(error.message);
    return message.includes(folder)
      ? { kind: "refused", message }
      : { kind: "broken", error: new Error(`the message names no file: ${message}`) };
  }
}
