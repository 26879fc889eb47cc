import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { DataFile, Files } from "../../../src/base/files.ts";
import { disk } from "../../../src/io/disk.ts";
import { folderAt, readBytes, readText, writeFileAtomic, writeThenRename } from "../../../src/io/files.ts";
import { type BrowserFiles, createFiles } from "../../../src/web/browser/files.ts";
import { inputError, temporaryFolder } from "../../io/helpers.ts";

const own = ["/runs/"];
/** The same assertions hold for Node's file system, in a new folder, and for the browser's. */
const systems: [name: string, make: () => { files: Files; path: string; names(): string[] }][] = [
  [
    "Node's",
    () => {
      const path = temporaryFolder();
      return { files: disk, path, names: () => readdirSync(path) };
    },
  ],
  [
    "the browser's",
    () => {
      const files = createFiles(own);
      return {
        files,
        path: "/runs/a",
        names: () => files.written().map((file) => file.replace("/runs/a/", "")),
      };
    },
  ],
];

/** Adds to a file as a run does to its events. */
const append = async (file: DataFile, ...texts: string[]): Promise<void> => {
  const growing = await file.extend();
  for (const text of texts) await growing.append(text);
  await growing.close();
};
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe.each(systems)("%s files", (_, make) => {
  test("are written, read, appended to, replaced and removed", async () => {
    const { files, path, names } = make(),
      folder = folderAt(files, path),
      file = folder("a.txt");
    expect(await file.exists()).toBe(false);
    await writeFileAtomic(file, "größer");
    expect(await file.exists()).toBe(true);
    expect(await readText(file)).toBe("größer");
    expect([...(await readBytes(file))]).toEqual([...new TextEncoder().encode("größer")]);
    await append(file, "\n1", "2");
    expect(await readText(file)).toBe("größer\n12");
    await writeFileAtomic(file, bytes(65));
    expect(await readText(file)).toBe("A");
    await append(folder("new"), "x");
    expect(names().sort()).toEqual(["a.txt", "new"]);
    await file.remove();
    await file.remove();
    expect(await file.exists()).toBe(false);
    expect(names()).toEqual(["new"]);
    expect(await inputError(() => file.open())).toMatch(/^cannot read .*a\.txt: no such file/);
  });

  test("an empty file is there, and holds nothing", async () => {
    const { files, path } = make(),
      file = files.at(`${path}/empty`);
    await writeFileAtomic(file, "");
    expect(await file.exists()).toBe(true);
    expect((await readBytes(file)).length).toBe(0);
  });

  test("a large file is written piece by piece, its beginning last, keeps every byte, and is there", async () => {
    const { files, path, names } = make(),
      file = files.at(`${path}/stack.mrcs`),
      piece = 70_001;
    await writeThenRename(file, async (begun) => {
      for (let i = 0; i < 40; i++) await begun.write(new Uint8Array(piece).fill(i + 1), 1024 + i * piece);
      await begun.write(bytes(200), 0);
      expect(await file.exists()).toBe(false);
    });
    expect(names()).toEqual(["stack.mrcs"]);
    const found = await readBytes(file);
    expect(found.length).toBe(1024 + 40 * piece);
    expect(found[0]).toBe(200);
    expect(found.subarray(1, 1024).every((byte) => byte === 0)).toBe(true);
    for (let i = 0; i < 40; i++)
      expect(found.subarray(1024 + i * piece, 1024 + (i + 1) * piece).every((byte) => byte === i + 1)).toBe(true);
  });

  test("are read anywhere, to their end", async () => {
    const { files, path } = make(),
      file = files.at(`${path}/x`);
    await writeFileAtomic(file, bytes(0, 1, 2, 3, 4, 5, 6, 7, 8));
    const open = await file.open(),
      out = new Uint8Array(4).fill(255);
    expect(open.size).toBe(9);
    expect(await open.read(out.subarray(1, 3), 3)).toBe(2);
    expect([...out]).toEqual([255, 3, 4, 255]);
    expect(await open.read(out, 7)).toBe(2);
    expect([...out]).toEqual([7, 8, 4, 255]);
    expect(await open.read(out, 9)).toBe(0);
    expect(await open.read(out, 100)).toBe(0);
    await open.close();
  });

  test("who has one open goes on reading what was there when another takes its place, or it is removed", async () => {
    const { files, path } = make(),
      file = files.at(`${path}/map.mrc`),
      out = new Uint8Array(8);
    await writeFileAtomic(file, "old");
    const first = await file.open();
    await writeFileAtomic(file, "new!");
    const second = await file.open();
    await file.remove();
    expect(await first.read(out, 0)).toBe(3);
    expect(String.fromCharCode(...out.subarray(0, 3))).toBe("old");
    expect(await second.read(out, 0)).toBe(4);
    expect(String.fromCharCode(...out.subarray(0, 4))).toBe("new!");
    await first.close();
    await second.close();
  });

  test("a write that fails leaves the file before it, and nothing beside it", async () => {
    const { files, path, names } = make(),
      file = files.at(`${path}/map.mrc`),
      bug = new TypeError("bug");
    await writeFileAtomic(file, "whole");
    const writing = writeThenRename(file, async (begun) => {
      await begun.write(bytes(1), 0);
      throw bug;
    });
    await expect(writing).rejects.toBe(bug);
    expect(await readText(file)).toBe("whole");
    expect(names()).toEqual(["map.mrc"]);
  });

  test("a scratch file takes what is written anywhere, zeros between, gives it back at once, and is gone", async () => {
    const { files, path, names } = make(),
      file = files.at(`${path}/rows.scratch`);
    await writeFileAtomic(file, "left by a killed run");
    const scratch = await file.scratch();
    await scratch.write(bytes(1, 2, 3), 6);
    await scratch.write(bytes(7), 2);
    const out = new Uint8Array(10).fill(255);
    expect(scratch.read(out, 0)).toBe(9);
    expect([...out]).toEqual([0, 0, 7, 0, 0, 0, 1, 2, 3, 255]);
    expect(scratch.read(out.subarray(0, 2), 7)).toBe(2);
    expect([...out.subarray(0, 2)]).toEqual([2, 3]);
    expect(scratch.read(out, 9)).toBe(0);
    await scratch.close();
    expect(names()).toEqual([]);
  });

  test("paths with . and .. mean what they should", async () => {
    const { files, path } = make();
    await writeFileAtomic(files.at(`${path}/./b`), "b");
    expect(await readText(files.at(`${path}//b`))).toBe("b");
    await files.makeFolder(`${path}/c`);
    expect(await readText(files.at(`${path}/c/../b`))).toBe("b");
  });
});

test("Node's files that cannot be written are named, and leave nothing", async () => {
  const file = join(temporaryFolder(), "file");
  await writeFileAtomic(disk.at(file), "");
  const below = disk.at(join(file, "x"));
  for (const action of [() => below.create(), () => below.extend(), () => below.scratch()])
    expect(await inputError(action)).toBe(`cannot write ${below.path}: a part of the path is a file, not a folder`);
  expect(existsSync(file)).toBe(true);
});

describe("files from outside", () => {
  const named = (name: string, content: string): File => new File([content], name);
  /** A file as the browser gives it from a dropped folder. */
  const inFolder = (path: string, content: string): File =>
    Object.assign(named(path.split("/").at(-1)!, content), { webkitRelativePath: path });
  const textOf = (files: BrowserFiles, path: string): Promise<string> => readText(files.at(path));

  test("are found by their name under whatever path, read in slices, and never changed", async () => {
    const files = createFiles(own);
    const read: [number, number][] = [];
    const file = named("stack.mrcs", "0123456789"),
      slice = file.slice.bind(file);
    file.slice = (from = 0, to = file.size) => {
      read.push([from, to]);
      return slice(from, to);
    };
    files.drop(file);
    expect(files.dropped()).toEqual(["stack.mrcs"]);
    expect(await files.at("/Extract/x/stack.mrcs").exists()).toBe(true);
    expect(await files.at("Extract/x/stack.mrcs").exists()).toBe(true);
    expect(await files.at("/Extract/x/other.mrcs").exists()).toBe(false);
    const open = await files.at("/Extract/x/stack.mrcs").open(),
      out = new Uint8Array(4);
    expect(open.size).toBe(10);
    expect(await open.read(out, 3)).toBe(4);
    expect(String.fromCharCode(...out)).toBe("3456");
    expect(await open.read(out, 8)).toBe(2);
    expect(read).toEqual([
      [3, 7],
      [8, 12],
    ]);
    await writeFileAtomic(files.at("/Extract/x/stack.mrcs"), "another");
    expect(await textOf(files, "/Extract/y/stack.mrcs")).toBe("0123456789");
  });

  test("do not appear in the program's own folders, where a checkpoint would be taken for the run's", async () => {
    const files = createFiles(own);
    files.drop(named("checkpoint.bin", "x"));
    expect(await files.at("/runs/a/checkpoint.bin").exists()).toBe(false);
    expect(await inputError(() => textOf(files, "/runs/a/checkpoint.bin"))).toBe(
      "cannot read /runs/a/checkpoint.bin: no such file",
    );
    expect(await textOf(files, "/checkpoint.bin")).toBe("x");
  });

  test("of several of one name the one is meant whose folders fit; where that is open, none", async () => {
    const files = createFiles(own);
    files.drop(inFolder("Extract/a/1.mrcs", "a"));
    files.drop(inFolder("Extract/b/1.mrcs", "b"));
    expect(await textOf(files, "/Extract/a/1.mrcs")).toBe("a");
    expect(await textOf(files, "/project/Extract/b/1.mrcs")).toBe("b");
    expect(await files.at("/elsewhere/1.mrcs").exists()).toBe(false);
    expect(files.droppedFor("/elsewhere/1.mrcs")).toBeUndefined();
  });

  test("a later one of the same name takes the place of the earlier", async () => {
    const files = createFiles(own);
    files.drop(named("a.star", "old"));
    files.drop(named("a.star", "new"));
    expect(await textOf(files, "a.star")).toBe("new");
  });

  test("that changed on disk are named", async () => {
    const files = createFiles(own),
      file = named("a.star", "x");
    // What browsers do: reading a file that changed since it was chosen fails.
    file.slice = () =>
      Object.assign(new Blob(), { arrayBuffer: () => Promise.reject(new DOMException("", "NotReadableError")) });
    files.drop(file);
    expect(await inputError(() => textOf(files, "/a.star"))).toBe(
      "a.star was changed or moved since it was dropped here; drop it again",
    );
  });

  test("mounted ones are like files made here: read when needed, appended to, replaced", async () => {
    const files = createFiles(own),
      path = "/runs/a/events.jsonl";
    files.mount(path, named("events.jsonl", "1\n"));
    expect(files.written()).toEqual([path]);
    await append(files.at(path), "2\n");
    expect(await textOf(files, path)).toBe("1\n2\n");
    expect(new TextDecoder().decode(files.content(path) as Uint8Array)).toBe("1\n2\n");
  });
});

test("changes are told when they are whole: by the name that a file has", async () => {
  const told: string[] = [],
    files = createFiles(own, (path) => told.push(path)),
    file = files.at("/runs/a");
  const begun = await file.create();
  await begun.write(bytes(97), 0);
  expect(told).toEqual([]);
  await begun.commit();
  await readText(file);
  await append(file, "b");
  await file.remove();
  expect(told).toEqual(["/runs/a", "/runs/a", "/runs/a", "/runs/a"]);
  expect(files.content("/runs/a")).toBeUndefined();
});
