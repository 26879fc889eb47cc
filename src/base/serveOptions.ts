/** What `cryogan serve` is asked to do, in words that the command line and the server share. */
export interface ServeOptions {
  folders: string[];
  /** Absent: the usual one, or the next that is free. */
  port?: number;
  host: string;
  /** Holds the token; absent: one is made at random. */
  tokenFile?: string;
  readOnly: boolean;
  /** Where runs go that are started from the page; absent: beside the first run. */
  runs?: string;
  /** Folders whose files the page may choose from; absent: the one that the server is started in. */
  data?: string[];
  /** Opens the page in the browser. */
  open: boolean;
  /** Prints the address as JSON. */
  json: boolean;
}

/** Where the page is served if nothing else is asked for: an address that only this machine reaches. */
export const serveDefaults = { host: "127.0.0.1", port: 8765 } as const;
