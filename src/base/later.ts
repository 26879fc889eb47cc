/** A promise that is waited for once other work is done: until then nothing is told of its failing. */
export function later<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
