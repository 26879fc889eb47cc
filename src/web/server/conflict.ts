/** What cannot be done to a run as it stands. */
export class ConflictError extends Error {}
