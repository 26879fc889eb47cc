/**
 * Text from files as it may be shown: names and values in them can hold what a terminal takes for commands (ANSI
 * escapes), more lines than one, or marks that turn the order of letters round.
 */

/** Control characters C0 and C1, marks of direction, line and paragraph separators, and halves of characters. */
const harmful = /[\p{Cc}\u2028-\u202e\u2066-\u2069\u200e\u200f\ufeff\p{Cs}]/gu;

const longest = 2000;

/** The text with harmful characters written as escapes, \x1b for ESC; lines stay lines. */
export function printable(text: string): string {
  return text.replace(harmful, (c) => (c === "\n" ? c : escaped(c)));
}

/**
 * A message in one line: line feeds become blanks, what is harmful an escape; of a very long one the middle is left
 * out.
 */
export function oneLine(message: string): string {
  const line = message.length > 4 * longest ? cut(message, 4 * longest) : message;
  return cut(line.replace(/\s*[\r\n]\s*/g, " ").replace(harmful, escaped), longest);
}

/** JSON that a terminal may show: the characters that JSON leaves as they are, too. */
export function printableJson(json: string): string {
  return json.replace(harmful, (c) => (c === "\n" ? c : `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`));
}

function escaped(c: string): string {
  const code = c.charCodeAt(0);
  return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length * 0.7)} … ${text.slice(-length * 0.3)}`;
