/** Small files of JSON that anyone may have spoilt or replaced. For Node only. */
import { fileError } from "./disk.ts";
import { readPlain } from "./plainFile.ts";

/**
 * @param largestBytes longer files are refused
 * @returns undefined where there is no such file, or it is not whole
 * @throws {InputError} if it is no plain file, or cannot be read
 */
export async function readPlainJson(path: string, largestBytes: number): Promise<unknown> {
  let text: string;
  try {
    text = (await readPlain(path, largestBytes)).toString();
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code!)) return undefined;
    throw fileError("read", path, error);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
