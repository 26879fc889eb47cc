/** A simulated data set on disk that is made once. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { InputError } from "../../src/base/errors.ts";
import { simulate } from "../../src/cli/actions/simulate.ts";
import { parseSimulateOptions } from "../../src/cli/options/simulate.ts";

/** Of no effect on the images but rounding. */
const incidental = new Set(["out", "device", "threads", "json"]);

/**
 * Simulates particles into `folder` unless they are there already.
 * @throws InputError when the folder holds particles that were simulated with other options
 */
export async function ensureDataSet(folder: string, values: Record<string, unknown>, threads?: number): Promise<void> {
  const options = parseSimulateOptions({ ...values, out: folder, device: "cpu", threads });
  if (!existsSync(join(folder, "particles.star"))) return simulate(options);
  // As JSON drops what is undefined, both sides have been through it.
  const asked = JSON.parse(JSON.stringify(options)) as Record<string, unknown>;
  const found = JSON.parse(await readFile(join(folder, "config.json"), "utf8")) as Record<string, unknown>;
  const different = Object.keys(asked).filter(
    (key) => !incidental.has(key) && !isDeepStrictEqual(asked[key], found[key]),
  );
  if (different.length > 0)
    throw new InputError(
      `${folder} holds particles that differ in ${different.join(", ")}; delete it, or give another --folder`,
    );
}
