/** Things in a row, dealt out in blocks: from `first` to `end` - 1. */
export interface Block {
  first: number;
  end: number;
}

/** Those that one of several takes, of `count` in all; all blocks have about the same size. */
export const blockOf = (count: number, one: number, of: number): Block => ({
  first: Math.floor((count * one) / of),
  end: Math.floor((count * (one + 1)) / of),
});
