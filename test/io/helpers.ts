import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError } from "../../src/base/errors.ts";

/** Debian's own Python, which has numpy and mrcfile after installTestDebs(). */
export function python(code: string, ...args: string[]): string {
  return execFileSync("/usr/bin/python3", ["-W", "error::RuntimeWarning", "-c", code, ...args], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
}

export function installTestDebs(): void {
  execFileSync("bash", [join(import.meta.dirname, "../../scripts/install-test-debs.sh")], { stdio: "ignore" });
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "cryogan-io-"));
}

export const formats = join(import.meta.dirname, "../data/formats");

/** The message of the InputError that `action` fails with; anything else fails the test. */
export async function inputError(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    if (error instanceof InputError) {
      if (error.message.includes("\n")) throw new Error(`more than one line: ${error.message}`);
      return error.message;
    }
    throw error;
  }
  throw new Error("no InputError was thrown");
}
