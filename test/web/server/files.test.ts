import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { runId } from "../../../src/web/server/runs.ts";
import { serving, startEvent, type TestServer, temporaryFolder, writeEvents } from "./serving.ts";

const folder = temporaryFolder(),
  run = join(folder, "run");
let server: TestServer;
const ask = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  server.ask(`/api/runs/${runId(run)}/files/${path}`, { headers, method });

beforeAll(async () => {
  writeEvents(run, startEvent("2026-01-01T00:00:00.000Z"));
  writeFileSync(join(run, "map.mrc"), Buffer.from([0, 1, 2, 253, 254, 255]));
  writeFileSync(join(run, "config.json"), "{}");
  writeFileSync(join(run, "report.html"), "<script>1</script>");
  writeFileSync(join(run, "100% sure.txt"), "sure");
  writeFileSync(join(run, "empty.txt"), "");
  mkdirSync(join(run, "inside"));
  writeFileSync(join(run, "inside", "note.txt"), "note");
  symlinkSync("map.mrc", join(run, "latest.mrc"));
  for (const name of ["checkpoint.bin", "checkpoint-half2.bin", "run.pid", "particles.scratch", ".map.mrc.1-ab.tmp"])
    writeFileSync(join(run, name), "secret");
  // Beside the run, and in a folder whose name begins with the run's.
  writeFileSync(join(folder, "secret.txt"), "secret");
  mkdirSync(join(folder, "run2"));
  writeFileSync(join(folder, "run2", "secret.txt"), "secret");
  symlinkSync(join(folder, "secret.txt"), join(run, "link.txt"));
  symlinkSync(folder, join(run, "up"));
  symlinkSync(join(folder, "run2"), join(run, "beside"));
  mkdirSync(join(folder, "page"));
  writeFileSync(join(folder, "page", "index.html"), "");
  server = await serving([run], { page: join(folder, "page") });
});

test("files of the run are sent as they are", async () => {
  expect((await ask("map.mrc")).body).toEqual(Buffer.from([0, 1, 2, 253, 254, 255]));
  expect((await ask("inside/note.txt")).text).toBe("note");
  expect((await ask("inside%2Fnote.txt")).text).toBe("note");
  expect((await ask("100%25%20sure.txt")).text).toBe("sure");
  expect(await ask("empty.txt")).toMatchObject({ status: 200, text: "" });
  expect((await ask("latest.mrc")).body.length).toBe(6); // a link that stays inside
  expect(await ask("half1.mrc")).toMatchObject({ status: 404 });
  expect(await ask("half1.mrc?optional")).toMatchObject({ status: 204, text: "" });
  expect((await ask("map.mrc?optional")).body.length).toBe(6);
});

// Each of these would reach a file that is there.
test.each([
  "../secret.txt",
  "..%2Fsecret.txt",
  "%2e%2e/secret.txt",
  "%2E%2E%2Fsecret.txt",
  ".%2e/secret.txt",
  "inside/../../secret.txt",
  "inside/%2e%2e/%2e%2e/secret.txt",
  "..%5Csecret.txt",
  "..\\secret.txt",
  "%252e%252e/secret.txt",
  "..%252Fsecret.txt",
  "../run2/secret.txt",
  "%2e%2e%2frun2%2fsecret.txt",
  "link.txt",
  "up/secret.txt",
  "up/run2/secret.txt",
  "beside/secret.txt",
  "/etc/passwd",
  "%2Fetc%2Fpasswd",
  "//etc/passwd",
  "/../../../../../../../../etc/passwd",
  "..%00/secret.txt",
  "map.mrc%00.txt",
  "link.txt%00",
  "..%c0%afsecret.txt",
  "%",
  "map.mrc%",
  "",
  ".",
  "inside",
  "inside/",
  "./map.mrc%2f..%2f..%2fsecret.txt",
  "checkpoint.bin",
  "checkpoint-half2.bin",
  "CHECKPOINT.BIN",
  "run.pid",
  "particles.scratch",
  ".map.mrc.1-ab.tmp",
  "%2emap.mrc.1-ab.tmp",
  "inside/../checkpoint.bin",
  "inside/%2e%2e/run.pid",
])("%s is not sent", async (path) => {
  const answer = await ask(path);
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  expect(answer.text).not.toMatch(/secret$|root:/);
  const optional = await ask(`${path}?optional`);
  expect(optional.status).not.toBe(200);
  expect(optional.text).not.toMatch(/secret$|root:/);
});

test("a device or a pipe is not opened", async () => {
  symlinkSync("/dev/zero", join(run, "zero.bin"));
  expect((await ask("zero.bin")).status).toBe(404);
});

test("what a reader has is not sent again until it changes", async () => {
  const first = await ask("map.mrc"),
    etag = first.headers.etag!;
  expect(etag).toMatch(/^"[^"]+"$/);
  expect(first.headers["cache-control"]).toBe("no-cache");
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`])
    expect(await ask("map.mrc", { "If-None-Match": known })).toMatchObject({ status: 304, text: "" });
  expect((await ask("map.mrc", { "If-None-Match": '"other"' })).status).toBe(200);
  // As a run replaces its map: of the same length, within the same tick of a coarse clock.
  writeFileSync(join(run, ".new"), Buffer.from([9, 9, 9, 9, 9, 9]));
  renameSync(join(run, ".new"), join(run, "map.mrc"));
  const second = await ask("map.mrc", { "If-None-Match": etag });
  expect([second.status, second.body[0]]).toEqual([200, 9]);
});

test("only the head, when only that is asked for", async () => {
  expect(await ask("map.mrc", {}, "HEAD")).toMatchObject({ status: 200, text: "", headers: { "content-length": "6" } });
});

test("nothing in a run folder runs as a script of the page", async () => {
  writeFileSync(join(run, "evil.js"), "steal()");
  writeFileSync(join(run, "evil.svg"), "<svg/>");
  for (const name of ["evil.js", "evil.svg"])
    expect((await ask(name)).headers).toMatchObject({
      "content-type": "application/octet-stream",
      "x-content-type-options": "nosniff",
    });
  const report = await ask("report.html");
  expect(report.headers["content-type"]).toContain("text/html");
  expect(report.headers["content-security-policy"]).toMatch(/^sandbox allow-scripts; default-src 'none'/);
});
