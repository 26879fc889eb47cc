/** Stands in for src/reconstruct/folder/runProcess.ts: in a browser it is another tab that may work on the same run. */

import { InputError } from "../../base/errors.ts";

export { endedBy } from "../../reconstruct/folder/endedBy.ts";

const releases = new Map<string, () => void>();

/**
 * @throws {InputError} if another tab works on the folder. A page that is not served securely has no locks, and no
 * storage to share either.
 */
export async function claimFolder(folder: string): Promise<void> {
  if (!isSecureContext) return;
  const taken = await new Promise<boolean>((resolve, reject) => {
    navigator.locks
      .request(`cryogan ${folder}`, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock && new Promise<void>((release) => releases.set(folder, release));
      })
      .catch(reject);
  });
  if (!taken)
    throw new InputError(
      `${folder}: another tab works on this run; stop it there first, or give the new run another name`,
    );
}

export async function releaseFolder(folder: string): Promise<void> {
  releases.get(folder)?.();
  releases.delete(folder);
}
