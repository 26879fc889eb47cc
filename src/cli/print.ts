/** What commands print: everything that comes from files is made fit for a terminal here. */
import { oneLine, printable, printableJson } from "../base/printable.ts";

/** The result of a command on stdout. */
export const print = (text: string): void => void process.stdout.write(`${printable(text)}\n`);

/** The same for programs. @param indent spaces, where people are to read it, too */
export const printJson = (value: unknown, indent?: number): void =>
  void process.stdout.write(`${printableJson(JSON.stringify(value, null, indent))}\n`);

/** What went wrong, or may, in one line on stderr. */
export const tell = (kind: "error" | "warning", message: string): void =>
  void process.stderr.write(`${kind}: ${oneLine(message)}\n`);
