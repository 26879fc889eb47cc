import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { appendLine, ensureWritableFolder, writeFileAtomic, writeThenRename } from "../../src/io/files.ts";
import { inputError, temporaryFolder } from "./helpers.ts";

test("writeFileAtomic replaces a file and leaves nothing beside it", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "config.json");
  writeFileSync(path, "before, and longer");
  await writeFileAtomic(path, "after");
  expect(readFileSync(path, "utf8")).toBe("after");
  await writeFileAtomic(path, Uint8Array.of(1, 2, 255));
  expect([...readFileSync(path)]).toEqual([1, 2, 255]);
  expect(readdirSync(folder)).toEqual(["config.json"]);
});

test("a write that fails half-way keeps the previous file", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "map.mrc");
  writeFileSync(path, "whole");
  const fullDisk = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  const message = await inputError(() =>
    writeThenRename(path, async (handle) => {
      await handle.writeFile("ha");
      throw fullDisk;
    }),
  );
  expect(message).toBe(`cannot write ${path}: the disk is full`);
  expect(readFileSync(path, "utf8")).toBe("whole");
  expect(readdirSync(folder)).toEqual(["map.mrc"]);
});

test("an error that is not the user's fault is passed on as it is", async () => {
  const bug = new TypeError("bug");
  await expect(writeThenRename(join(temporaryFolder(), "x"), () => Promise.reject(bug))).rejects.toBe(bug);
});

test("folders that cannot be written are named", async () => {
  const folder = temporaryFolder();
  const missing = join(folder, "missing", "x.json");
  expect(await inputError(() => writeFileAtomic(missing, ""))).toBe(`cannot write ${missing}: no such file or folder`);
  const file = join(folder, "file");
  writeFileSync(file, "");
  expect(await inputError(() => ensureWritableFolder(join(file, "run")))).toBe(
    `cannot write ${join(file, "run")}: a part of the path is a file, not a folder`,
  );
  expect(await inputError(() => ensureWritableFolder(file))).toContain(`cannot write ${file}: `);
  // procfs takes no new files, whoever asks.
  expect(await inputError(() => ensureWritableFolder("/proc/self"))).toContain("cannot write /proc/self: ");
  mkdirSync(join(folder, "taken"));
  expect(await inputError(() => writeFileAtomic(join(folder, "taken"), ""))).toBe(
    `cannot write ${join(folder, "taken")}: it is a folder`,
  );
});

test("ensureWritableFolder creates folders and leaves them empty", async () => {
  const folder = join(temporaryFolder(), "a", "b");
  await ensureWritableFolder(folder);
  await ensureWritableFolder(folder);
  expect(readdirSync(folder)).toEqual([]);
});

test("appendLine appends, and tells of a full disk", async () => {
  const path = join(temporaryFolder(), "events.jsonl");
  await appendLine(path, "{}");
  await appendLine(path, "[1]");
  expect(readFileSync(path, "utf8")).toBe("{}\n[1]\n");
  // /dev/full is Linux's device that is always full.
  expect(await inputError(() => appendLine("/dev/full", "x"))).toBe("cannot write /dev/full: the disk is full");
});
