/** A user's mistake or a broken input. The command line prints the message alone, without a stack trace. */
export class InputError extends Error {
  override name = "InputError";
}
