/** cryoSPARC .csg files: a few lines of YAML that tell which .cs files hold the fields of a group of results. */

/** The .cs files that a group file names, each once, those of images (`blob`) first. */
function filesOfGroup(text: string): string[] {
  const found = [...text.slice(0, 1 << 20).matchAll(/^ *metafile: *['"]?>?([^'"\r\n]+?\.cs)['"]? *\r?$/gm)].map(
    (match) => ({ name: match[1]!, at: match.index }),
  );
  const blob = /^ *blob: *\r?$/m.exec(text)?.index ?? Infinity;
  const first = found.find(({ at }) => at > blob);
  return [...new Set([...(first === undefined ? [] : [first.name]), ...found.map(({ name }) => name)])];
}

/** What to give instead of a group file. */
export function groupFileMessage(path: string, text: string): string {
  const [particles, ...others] = filesOfGroup(text);
  if (particles === undefined) return `${path} is a cryoSPARC group file; give the .cs file of the same job`;
  const passthrough = others.length === 0 ? "" : ` (with --passthrough ${others[0]}, where it lacks fields)`;
  return `${path} is a cryoSPARC group file, which holds no particles: give the .cs file ${particles}${passthrough}`;
}
