/** A command line of one line that a shell reads back as these arguments. */
export function shellCommand(args: readonly string[]): string {
  return args
    .map((arg) => {
      if (/^[\w@%+=:,./-]+$/.test(arg)) return arg;
      // Characters that are not printed, such as line feeds, would make other lines or move the cursor of a terminal.
      return /\p{C}/u.test(arg) ? `$'${arg.replace(/[\\'\p{C}]/gu, escaped)}'` : `'${arg.replaceAll("'", "'\\''")}'`;
    })
    .join(" ");
}

/** As bash, zsh and ksh read it within $'…'. */
function escaped(character: string): string {
  if (character === "\\" || character === "'") return `\\${character}`;
  const code = character.codePointAt(0)!.toString(16);
  return code.length > 4 ? `\\U${code.padStart(8, "0")}` : `\\u${code.padStart(4, "0")}`;
}
