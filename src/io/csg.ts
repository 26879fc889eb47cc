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

export interface ResultGroup {
  /** particle, volume, … */
  type: string;
  name: string;
  title: string;
  description: string;
  /** A .cs file beside the group file. */
  file: string;
  /** Its rows. */
  count: number;
  /** Groups of fields in it, in alphabetical order, each with its type. */
  results: Readonly<Record<string, string>>;
  created: Date;
}

/** Of cryoSPARC, whose group files these are like. */
const version = "v4.4.1";

/** The text of a group file, as cryoSPARC exports one and Import Result Group takes it. Names and titles are ours. */
export function groupFileText({ type, name, title, description, file, count, results, created }: ResultGroup): string {
  return [
    `created: ${created.toISOString().replace("T", " ").replace("Z", "000")}`,
    "group:",
    `  description: ${description}`,
    `  name: ${name}`,
    `  title: ${title}`,
    `  type: ${type}`,
    "results:",
    ...Object.entries(results).flatMap(([result, kind]) => [
      `  ${result}:`,
      `    metafile: '>${file}'`,
      `    num_items: ${count}`,
      `    type: ${kind}`,
    ]),
    `version: ${version}`,
    "",
  ].join("\n");
}
