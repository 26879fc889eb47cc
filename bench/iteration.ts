/**
 * Times one adversarial iteration of this program against the same in PyTorch (iterationTimes.ts).
 *
 *     npm run bench:iteration -- [--rounds 4] [--block 15] [--threads 2] [--json]
 */
import { parseArgs } from "node:util";
import { timeIterations } from "./iterationTimes.ts";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "4" },
    block: { type: "string", default: "15" },
    threads: { type: "string", default: "2" },
    json: { type: "boolean", default: false },
  },
});
const rounds = Number(options.rounds),
  block = Number(options.block),
  threads = Number(options.threads);
const titles = {
  ours: "this program, ONNX Runtime",
  harmonics: "PyTorch, same mathematics",
  dense: "PyTorch, dense turned templates",
};
const results = await timeIterations(
  rounds,
  block,
  threads,
  (text) => options.json || console.log(`Relative differences between the programs:\n${text}`),
);
if (options.json)
  console.log(
    JSON.stringify(
      results.map((result) => ({ ...result, threads })),
      null,
      1,
    ),
  );
else
  for (const { case: name, rows, batchesMs } of results) {
    console.log(`${name}: one iteration in ms, ${rounds} blocks of ${block} in turn, threads: ${threads}`);
    console.log("                                      median     10 % … 90 %   ratio");
    for (const { name, median, low, high, ratio } of rows) {
      console.log(
        `${titles[name].padEnd(32)} ${median.toFixed(1).padStart(11)} ` +
          `${`${low.toFixed(1)} … ${high.toFixed(1)}`.padStart(15)} ${ratio.toFixed(2).padStart(7)}`,
      );
    }
    console.log(`(this program's random batches, made beforehand: ${batchesMs.toFixed(1)} ms an iteration)\n`);
  }
