import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
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

test("a file is added to, and a link or a device is not", async () => {
  const path = join(temporaryFolder(), "events.jsonl");
  for (const text of ["{}\n", "[1]\n"]) {
    const growing = await disk.at(path).extend();
    await growing.append(text);
    await growing.close();
  }
  expect(readFileSync(path, "utf8")).toBe("{}\n[1]\n");
  const link = join(temporaryFolder(), "link");
  symlinkSync(path, link);
  for (const other of [link, "/dev/full"])
    expect(await inputError(() => disk.at(other).extend())).toBe(`${other} is not a plain file; remove it`);
});

test("where there is no more room for what is added, it is told", () => {
  const path = join(temporaryFolder(), "events.jsonl");
  const code = `
    const { disk } = await import(${JSON.stringify(new URL("../../src/io/disk.ts", import.meta.url).href)});
    const growing = await disk.at(${JSON.stringify(path)}).extend();
    await growing.append("x".repeat(100_000)).catch((error) => console.log(error.name, error.message));`;
  // A quota, as the shell sets it: a file of 10 kB at most.
  const limited = ["--norc", "-c", 'ulimit -f 10; exec "$@"', "bash", process.execPath, "--import", "tsx"];
  const printed = execFileSync("bash", [...limited, "--input-type=module", "-e", code], { encoding: "utf8" });
  expect(printed).toBe(`InputError cannot write ${path}: no file may be that large\n`);
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
