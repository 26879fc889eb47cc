/**
 * One process of a job that ranks.ts starts: makes the run of the request (JSON, the first argument) and writes to a
 * file, whose name is the second argument with the rank behind, what it took and what it spent on the others.
 */
import { writeFileSync } from "node:fs";
import type { RunRequest } from "../../src/reconstruct/options.ts";
import { stages } from "../../src/reconstruct/optionValues.ts";
import { nodeHost } from "../../src/reconstruct/run/nodeHost.ts";
import { reconstruct } from "../../src/reconstruct/run/run.ts";
import { joinJob } from "../../src/runtime/job.ts";
import { metered, type Traffic } from "./metered.ts";

/** What a process tells. */
export interface RankReport extends Traffic {
  rank: number;
  seconds: number;
  cpuSeconds: number;
  peakBytes: number;
  /** Seconds of the stages, with what comes before each, as the run's events tell. */
  stageSeconds: number[];
}

// Infinitely many particles of a stage do not pass through JSON: stages come as they are typed.
const given = JSON.parse(process.argv[2]!) as Omit<RunRequest, "stages"> & { stages: string },
  request: RunRequest = { ...given, stages: stages().read(given.stages) };
const job = await joinJob(),
  traffic: Traffic = { calls: [], waitingSeconds: 0, transferSeconds: 0 };
const begun = performance.now(),
  ends: number[] = [];
await reconstruct({ ...nodeHost, processes: metered(job.processes, traffic) }, request, (event) => {
  if (event.type === "map") ends.push((performance.now() - begun) / 1000);
});
const { user, system } = process.cpuUsage(),
  report: RankReport = {
    rank: job.processes.rank,
    seconds: (performance.now() - begun) / 1000,
    cpuSeconds: (user + system) / 1e6,
    peakBytes: 1024 * process.resourceUsage().maxRSS,
    stageSeconds: ends.map((end, i) => end - (ends[i - 1] ?? 0)),
    ...traffic,
  };
await job.close(false);
writeFileSync(`${process.argv[3]!}${report.rank}`, JSON.stringify(report));
