/** A user's mistake or a broken input. The command line prints the message alone, without a stack trace. */
export class InputError extends Error {
  override name = "InputError";
}

/** An option or argument with a value that cannot be used. The command line exits with 2, a form marks the field. */
export class UsageError extends InputError {
  override name = "UsageError";
}
