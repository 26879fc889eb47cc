import type { ServeOptions } from "../base/serveOptions.ts";

/** What commands need of the report and the live page, which the command line does not know: main.ts hands them in. */
export interface Services {
  /** Draws report.html of a run folder; returns its path. */
  writeReport(folder: string): Promise<string>;
  /** Serves the live page until Ctrl-C. */
  serve(options: ServeOptions): Promise<void>;
  /** Serves the live page on the run that `task` makes, from its first event on. */
  serveDuring(folder: string, task: (begun: () => void) => Promise<void>): Promise<void>;
}
