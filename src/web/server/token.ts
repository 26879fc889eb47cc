/** The token that writing needs, which other users of the machine are not to see. */
import { randomBytes } from "node:crypto";
import { fstatSync } from "node:fs";
import { open } from "node:fs/promises";
import { InputError } from "../../base/errors.ts";
import { fileError } from "../../io/disk.ts";
import { openPlain, readPart } from "../../io/plainFile.ts";

export const randomToken = (): string => randomBytes(24).toString("base64url");

const longest = 1000;
/** Of a mode, what lets the group or all others read, write or search. */
const ofOthers = 0o077;

/**
 * The token that a file holds, which stays the same from one server to the next. A file that is not there is made, with
 * a new token, for its owner alone.
 * @throws {InputError} if others may read the file, or it holds no token
 */
export async function tokenFrom(path: string): Promise<string> {
  const fresh = randomToken();
  try {
    const made = await open(path, "wx", 0o600);
    await made.writeFile(`${fresh}\n`);
    await made.close();
    return fresh;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw fileError("write", path, error);
  }
  const file = await openPlain(path).catch((error: unknown) => {
    throw fileError("read", path, error);
  });
  try {
    // Windows keeps its rights elsewhere.
    if (process.platform !== "win32" && (await file.stat()).mode & ofOthers)
      throw new InputError(`${path}: others may read this token; make the file yours alone (chmod 600)`);
    const token = (await readPart(file, 0, longest + 1)).toString().trim();
    if (!/^[\x20-\x7e]{8,1000}$/.test(token))
      throw new InputError(`${path} holds no token; expected one line of 8 to ${longest} ASCII characters`);
    return token;
  } finally {
    await file.close();
  }
}

/** Whether what is written to standard output (1) or error (2) goes to a file that others may read. */
export function isReadByOthers(descriptor: 1 | 2): boolean {
  try {
    const found = fstatSync(descriptor);
    return process.platform !== "win32" && found.isFile() && (found.mode & ofOthers) !== 0;
  } catch {
    return false; // closed
  }
}
