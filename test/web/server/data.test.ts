/** Files that the page may choose from: inside of some folders, with the token, and nothing that leads out. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { httpSource } from "../../../src/web/live/httpSource.ts";
import type { RunSource } from "../../../src/web/live/source.ts";
import { dataFolders } from "../../../src/web/server/dataFolders.ts";
import { serving, type TestServer, temporaryFolder, token } from "./serving.ts";

const folder = realpathSync(temporaryFolder()),
  runs = join(folder, "runs"),
  data = join(folder, "data"),
  outside = join(folder, "outside");
const odd = 'a\u202eb "c"&<d>\n\'é.star';
let server: TestServer, source: RunSource;

beforeAll(async () => {
  for (const made of [runs, data, outside, join(data, "job1"), join(data, "job10"), join(data, "job2"), `${data}2`])
    mkdirSync(made);
  for (const name of ["b.star", "a.cs", "notes.txt", ".hidden.star", "stack.mrcs", "map.mrc", odd])
    writeFileSync(join(data, name), "data_\n");
  writeFileSync(join(outside, "secret.star"), "a secret");
  writeFileSync(join(`${data}2`, "secret.star"), "a secret");
  symlinkSync(outside, join(data, "out"));
  symlinkSync(join(outside, "secret.star"), join(data, "link.star"));
  symlinkSync(`${data}2`, join(data, "beside"));
  symlinkSync("job1", join(data, "inside"));
  symlinkSync("b.star", join(data, "again.star"));
  symlinkSync(join(outside, "none"), join(data, "dangling.star"));
  symlinkSync(join(data, "loop.star"), join(data, "loop.star"));
  symlinkSync("/dev/zero", join(data, "device.star"));
  execFileSync("mkfifo", [join(data, "pipe.star")]);
  server = await serving([runs], { data: dataFolders(runs, [data, join(data, "job1"), join(folder, "gone")]) });
  source = await httpSource(server.address, token);
});

const names = (entries: readonly { name: string }[]) => entries.map(({ name }) => name);

test("the widest of the folders, and that of the runs, may be looked into", async () => {
  expect(await source.data!.places()).toEqual({
    runs,
    folders: [data, runs].map((path) => ({ name: path, path })),
  });
});

test("folders and the files that a field takes, by name and number; nothing that is hidden or leads out", async () => {
  const listing = await source.data!.list(data, "particlesFile");
  expect(names(listing.folders)).toEqual(["inside", "job1", "job2", "job10"]);
  expect(names(listing.files)).toEqual(["a.cs", odd, "again.star", "b.star"].toSorted(new Intl.Collator("en").compare));
  expect(listing.files.find(({ name }) => name === "b.star")).toEqual({
    name: "b.star",
    path: join(data, "b.star"),
    bytes: 6,
  });
  expect(listing.leftOut).toBe(0);
  expect(names((await source.data!.list(data, "mask")).files)).toEqual(["map.mrc"]);
  expect(names((await source.data!.list(data, "noiseBank")).files)).toEqual(["map.mrc", "stack.mrcs"]);
  expect(names((await source.data!.list(data, "projectRoot")).files)).toEqual([]);
  const some = await source.data!.list(data, "particlesFile", "B1");
  expect([names(some.folders), names(some.files)]).toEqual([["job1", "job10"], []]);
});

test("the way to a folder begins at one that may be looked into, a link is told as what it leads to", async () => {
  expect(await source.data!.list(join(data, "inside"), "particlesFile")).toEqual({
    name: "job1",
    path: join(data, "job1"),
    way: [
      { name: data, path: data },
      { name: "job1", path: join(data, "job1") },
    ],
    folders: [],
    files: [],
    leftOut: 0,
  });
});

describe.each([
  "..",
  "../outside",
  "out",
  "beside",
  "job1/../../outside",
  "out/secret.star",
  "b.star",
  "none",
  "loop.star",
  "dangling.star",
  "b.star\0",
  "pipe.star",
])("%j of the data", (path) => {
  test("is not listed", async () => {
    await expect(source.data!.list(`${data}/${path}`, "particlesFile")).rejects.toThrow(/is not there|is no folder/);
  });
});

test.each(["/", "/etc", "", ".", "~", "%2e%2e", "/proc/self/root", "/proc/self/cwd"])("nor is %j", async (path) => {
  await expect(source.data!.list(path, "particlesFile")).rejects.toThrow(/is not there, or outside/);
});

test("of a huge folder a part is told, by names, and how much is left out", async () => {
  const huge = join(data, "job10");
  for (let i = 0; i < 1200; i++) writeFileSync(join(huge, `image${i}.star`), "");
  const all = await source.data!.list(huge, "particlesFile");
  expect([all.files.length, all.leftOut]).toEqual([500, 700]);
  expect(names(all.files).slice(0, 3)).toEqual(["image0.star", "image1.star", "image2.star"]);
  const some = await source.data!.list(huge, "particlesFile", "119");
  expect([some.files.length, some.leftOut]).toEqual([12, 0]);
});

const asked = [
  ["GET", "/api/data"],
  ["GET", `/api/data/folder?option=particlesFile&path=${encodeURIComponent(data)}`],
  ["POST", "/api/data/inspect"],
] as const;

test.each(asked)("%s %s needs the token", async (method, path) => {
  const body = method === "POST" ? { body: "{}" } : {};
  for (const Authorization of ["", token, "Bearer ", `Bearer ${token}x`])
    expect(await server.ask(path, { method, headers: { Authorization }, ...body })).toMatchObject({ status: 401 });
  const readOnly = await serving([runs], { token: undefined });
  expect(await readOnly.ask(path, { method, ...body })).toMatchObject({ status: 403 });
  expect((await httpSource(readOnly.address)).data).toBeUndefined();
});

test("an option that takes no file has none to choose from", async () => {
  const headers = { Authorization: `Bearer ${token}` };
  for (const option of ["", "symmetry", "constructor", "out"])
    expect(await server.ask(`/api/data/folder?path=/&option=${option}`, { headers })).toMatchObject({ status: 400 });
});

test("a folder that may not be read says so", async () => {
  const closed = join(data, "job2");
  chmodSync(closed, 0);
  const listed = source.data!.list(closed, "particlesFile");
  // Whoever may do everything reads it all the same.
  if (process.getuid!() === 0) await listed;
  else await expect(listed).rejects.toThrow("cannot be read (EACCES)");
  chmodSync(closed, 0o755);
});
