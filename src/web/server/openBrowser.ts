/** Opens an address in the visitor's browser, by the opener of the platform. */
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * All users of a machine see with what arguments a program was started, the opener and the browser too: these get the
 * name of a page that only the user may read, which leads to the address.
 */
export async function openInBrowser(address: string): Promise<void> {
  const [command, ...args] =
    process.platform === "darwin"
      ? ["open"]
      : process.platform === "win32"
        ? ["rundll32", "url.dll,FileProtocolHandler"]
        : ["xdg-open"];
  spawn(command, [...args, await pageLeadingTo(address)], { detached: true, stdio: "ignore" })
    .on("error", () => process.stderr.write("no browser could be opened; open the address yourself\n"))
    .unref();
}

/** @returns path of a page for its owner alone, there until this process ends */
export async function pageLeadingTo(address: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "cryogan-")), // mode 700
    path = join(folder, "open.html");
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const url = address.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  await writeFile(
    path,
    `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><title>cryogan</title>` +
      `<meta http-equiv="refresh" content="0; url=${url}"><a href="${url}">cryogan</a>\n`,
    { mode: 0o600, flag: "wx" },
  );
  return path;
}
