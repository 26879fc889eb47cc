/** What a run tells of the process that makes it. */
import { execFileSync } from "node:child_process";
import { hostname } from "node:os";
import { expect, test } from "vitest";
import { version } from "../../../src/base/version.ts";
import type { Origin } from "../../../src/reconstruct/run/host.ts";

const nodeHost = new URL("../../../dist/reconstruct/run/nodeHost.js", import.meta.url);

test("in a process whose first argument is no file its command line is told, too", () => {
  const code = `import { nodeHost } from "${nodeHost.href}"; console.log(JSON.stringify(nodeHost.origin));`,
    told = execFileSync(process.execPath, ["--input-type=module", "-e", code, "none.star"], { encoding: "utf8" });
  expect(JSON.parse(told) as Origin).toEqual({ version, machine: hostname(), command: "node none.star" });
});
