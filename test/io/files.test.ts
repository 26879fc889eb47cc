import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { disk } from "../../src/io/disk.ts";
import { readBytes, readText, writeFileAtomic, writeThenRename } from "../../src/io/files.ts";
import { inputError, temporaryFolder } from "./helpers.ts";

test("writeFileAtomic replaces a file and leaves nothing beside it", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "config.json");
  writeFileSync(path, "before, and longer");
  await writeFileAtomic(disk.at(path), "after");
  expect(readFileSync(path, "utf8")).toBe("after");
  await writeFileAtomic(disk.at(path), Uint8Array.of(1, 2, 255));
  expect([...readFileSync(path)]).toEqual([1, 2, 255]);
  expect(readdirSync(folder)).toEqual(["config.json"]);
});

test("a write that fails half-way keeps the previous file, and passes its error on", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "map.mrc"),
    bug = new TypeError("bug");
  writeFileSync(path, "whole");
  const writing = writeThenRename(disk.at(path), async (begun) => {
    await begun.write(Uint8Array.of(104, 97), 0);
    throw bug;
  });
  await expect(writing).rejects.toBe(bug);
  expect(readFileSync(path, "utf8")).toBe("whole");
  expect(readdirSync(folder)).toEqual(["map.mrc"]);
});

test("folders that cannot be written are named", async () => {
  const folder = temporaryFolder();
  const missing = join(folder, "missing", "x.json");
  expect(await inputError(() => writeFileAtomic(disk.at(missing), ""))).toBe(
    `cannot write ${missing}: no such file or folder`,
  );
  const file = join(folder, "file");
  writeFileSync(file, "");
  expect(await inputError(() => disk.makeFolder(join(file, "run")))).toBe(
    `cannot write ${join(file, "run")}: a part of the path is a file, not a folder`,
  );
  expect(await inputError(() => disk.makeFolder(file))).toContain(`cannot write ${file}: `);
  // procfs takes no new files, whoever asks.
  expect(await inputError(() => disk.makeFolder("/proc/self"))).toContain("cannot write /proc/self: ");
  mkdirSync(join(folder, "taken"));
  expect(await inputError(() => writeFileAtomic(disk.at(join(folder, "taken")), ""))).toBe(
    `cannot write ${join(folder, "taken")}: it is a folder`,
  );
  expect(readdirSync(folder).sort()).toEqual(["file", "taken"]);
});

test("makeFolder creates folders and leaves them empty", async () => {
  const folder = join(temporaryFolder(), "a", "b");
  await disk.makeFolder(folder);
  await disk.makeFolder(folder);
  expect(readdirSync(folder)).toEqual([]);
});

test("a file is added to, and a full disk is told", async () => {
  const path = join(temporaryFolder(), "events.jsonl");
  for (const text of ["{}\n", "[1]\n"]) {
    const growing = await disk.at(path).extend();
    await growing.append(text);
    await growing.close();
  }
  expect(readFileSync(path, "utf8")).toBe("{}\n[1]\n");
  // /dev/full is Linux's device that is always full.
  const full = await disk.at("/dev/full").extend();
  expect(await inputError(() => full.append("x"))).toBe("cannot write /dev/full: the disk is full");
  await full.close();
});

test("what is no file is not opened: a folder, or a device that never ends", async () => {
  const folder = temporaryFolder();
  expect(await inputError(() => disk.at(folder).open())).toBe(`cannot read ${folder}: it is a folder`);
  expect(await inputError(() => disk.at("/dev/zero").open())).toBe("cannot read /dev/zero: it is not a file");
});

test("a file too large for a text, or for the memory, is named before it is read", async () => {
  const path = join(temporaryFolder(), "huge.star");
  writeFileSync(path, "");
  truncateSync(path, 2 ** 29); // a hole: it takes no room on the disk
  expect(await inputError(() => readText(disk.at(path)))).toContain(`${path} is larger than 512 MB; `);
  truncateSync(path, 2 ** 43);
  expect(await inputError(() => readBytes(disk.at(path)))).toBe(
    `cannot read ${path}: there is no memory for its 8796093022208 bytes`,
  );
});
