import { InputError } from "../../base/errors.ts";

/**
 * Takes a run folder: in a browser it is another tab that may work on the same run. @returns what gives it back
 * @throws {InputError} if another tab works on the folder. A page that is not served securely has no locks, and no
 * storage to share either.
 */
export async function claimFolder(folder: string): Promise<() => Promise<void>> {
  if (!isSecureContext) return async () => {};
  const release = await new Promise<(() => void) | undefined>((resolve, reject) => {
    navigator.locks
      .request(`cryogan ${folder}`, { ifAvailable: true }, async (lock) => {
        if (lock) await new Promise<void>(resolve);
        else resolve(undefined);
      })
      .catch(reject);
  });
  if (!release)
    throw new InputError(
      `${folder}: another tab works on this run; stop it there first, or give the new run another name`,
    );
  return async () => release();
}
