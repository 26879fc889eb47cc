import { existsSync, readSync } from "node:fs";
import * as nodeFs from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createFiles, type Files } from "../../../src/web/browser/files.ts";
import { inputError, temporaryFolder } from "../../io/helpers.ts";

type Common = Pick<
  Files,
  | "existsSync"
  | "readSync"
  | "open"
  | "stat"
  | "readFile"
  | "writeFile"
  | "appendFile"
  | "readdir"
  | "rename"
  | "rm"
  | "mkdir"
>;

/** The same assertions hold for Node's file system, in a new folder, and for the browser's. */
const systems: [name: string, make: () => Promise<{ fs: Common; folder: string }>][] = [
  ["Node's", async () => ({ fs: { ...nodeFs, existsSync, readSync } as unknown as Common, folder: temporaryFolder() })],
  [
    "the browser's",
    async () => {
      const fs = createFiles();
      await fs.mkdir("/work/run", { recursive: true });
      return { fs, folder: "/work/run" };
    },
  ],
];

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no error",
    (error: NodeJS.ErrnoException) => error.code,
  );

describe.each(systems)("%s files", (_, make) => {
  test("are written, read, appended to and replaced", async () => {
    const { fs, folder } = await make(),
      path = join(folder, "a.txt");
    await fs.writeFile(path, "größer");
    expect(await fs.readFile(path, "utf8")).toBe("größer");
    expect([...(await fs.readFile(path))]).toEqual([...new TextEncoder().encode("größer")]);
    await fs.appendFile(path, "\n1");
    await fs.appendFile(path, bytes(50));
    expect(await fs.readFile(path, "utf8")).toBe("größer\n12");
    await fs.writeFile(path, bytes(65));
    expect(await fs.readFile(path, "utf8")).toBe("A");
    await fs.appendFile(join(folder, "new"), "x");
    expect((await fs.readdir(folder)).sort()).toEqual(["a.txt", "new"]);
  });

  test("an empty file is there, and holds nothing", async () => {
    const { fs, folder } = await make(),
      path = join(folder, "empty");
    await fs.writeFile(path, "");
    expect(fs.existsSync(path)).toBe(true);
    expect((await fs.readFile(path)).length).toBe(0);
    expect((await fs.stat(path)).size).toBe(0);
  });

  test("positions: writes anywhere, gaps are zeros, reads end with the file", async () => {
    const { fs, folder } = await make(),
      path = join(folder, "scratch");
    const file = await fs.open(path, "wx+");
    expect((await file.write(bytes(9, 1, 2, 3), 1, 3, 6)).bytesWritten).toBe(3);
    await file.write(bytes(7), 0, 1, 2);
    const out = new Uint8Array(12).fill(255);
    expect((await file.read(out, 1, 10, 0)).bytesRead).toBe(9);
    expect([...out]).toEqual([255, 0, 0, 7, 0, 0, 0, 1, 2, 3, 255, 255]);
    expect((await file.read(out, 0, 2, 7)).bytesRead).toBe(2);
    expect([...out.subarray(0, 2)]).toEqual([2, 3]);
    expect((await file.read(out, 0, 2, 9)).bytesRead).toBe(0);
    expect((await file.read(out, 0, 2, 100)).bytesRead).toBe(0);
    out.fill(255);
    expect(fs.readSync(file.fd, out, 1, 10, 0)).toBe(9);
    expect([...out]).toEqual([255, 0, 0, 7, 0, 0, 0, 1, 2, 3, 255, 255]);
    expect(fs.readSync(file.fd, out, 0, 2, 9)).toBe(0);
    expect((await file.stat()).size).toBe(9);
    await file.sync();
    await file.close();
    expect(() => fs.readSync(file.fd, out, 0, 2, 0)).toThrow();
    expect((await fs.stat(path)).size).toBe(9);
  });

  test("a large file grows piece by piece and keeps every byte", async () => {
    const { fs, folder } = await make(),
      path = join(folder, "stack.mrcs"),
      piece = 70_001;
    const file = await fs.open(path, "wx");
    for (let i = 0; i < 40; i++) await file.write(new Uint8Array(piece).fill(i + 1), 0, piece, 1024 + i * piece);
    await file.write(bytes(200), 0, 1, 0);
    await file.close();
    const found = await fs.readFile(path);
    expect(found.length).toBe(1024 + 40 * piece);
    expect(found[0]).toBe(200);
    for (let i = 0; i < 40; i++)
      expect(found.subarray(1024 + i * piece, 1024 + (i + 1) * piece).every((byte) => byte === i + 1)).toBe(true);
  });

  test("are renamed into place, over what is there; who has the old one open goes on reading it", async () => {
    const { fs, folder } = await make(),
      path = join(folder, "map.mrc"),
      temporary = join(folder, ".map.tmp");
    await fs.writeFile(path, "old");
    const reader = await fs.open(path, "r");
    await fs.writeFile(temporary, "new!");
    await fs.rename(temporary, path);
    expect(await fs.readFile(path, "utf8")).toBe("new!");
    expect(await fs.readdir(folder)).toEqual(["map.mrc"]);
    const out = new Uint8Array(8);
    expect((await reader.read(out, 0, 8, 0)).bytesRead).toBe(3);
    expect(String.fromCharCode(...out.subarray(0, 3))).toBe("old");
    await reader.close();
    await fs.mkdir(join(folder, "sub"));
    await fs.writeFile(join(folder, "sub", "x"), "x");
    await fs.rename(join(folder, "sub"), join(folder, "other"));
    expect(await fs.readFile(join(folder, "other", "x"), "utf8")).toBe("x");
    expect(fs.existsSync(join(folder, "sub", "x"))).toBe(false);
  });

  test("are removed, folders with all that is in them", async () => {
    const { fs, folder } = await make();
    await fs.mkdir(join(folder, "a", "b"), { recursive: true });
    await fs.writeFile(join(folder, "a", "b", "x"), "x");
    await fs.writeFile(join(folder, "ab"), "stays");
    expect((await fs.stat(join(folder, "a"))).isDirectory()).toBe(true);
    expect((await fs.stat(join(folder, "a", "b", "x"))).isFile()).toBe(true);
    expect(await code(fs.rm(join(folder, "a")))).toBe("ERR_FS_EISDIR");
    await fs.rm(join(folder, "a"), { recursive: true });
    expect(fs.existsSync(join(folder, "a", "b", "x"))).toBe(false);
    expect(await fs.readdir(folder)).toEqual(["ab"]);
    await fs.rm(join(folder, "ab"));
    await fs.rm(join(folder, "ab"), { force: true });
    expect(await fs.readdir(folder)).toEqual([]);
  });

  test("paths with . and .. mean what they should", async () => {
    const { fs, folder } = await make();
    await fs.writeFile(`${folder}/./b`, "b");
    expect(await fs.readFile(`${folder}//b`, "utf8")).toBe("b");
    await fs.mkdir(`${folder}/c`);
    expect(await fs.readFile(`${folder}/c/../b`, "utf8")).toBe("b");
  });

  test("what cannot be done fails with the code of its reason", async () => {
    const { fs, folder } = await make(),
      at = (...names: string[]): string => join(folder, ...names);
    await fs.writeFile(at("file"), "");
    await fs.mkdir(at("folder"));
    await fs.writeFile(at("folder", "x"), "");
    const failures: [action: () => Promise<unknown>, code: string][] = [
      [() => fs.readFile(at("absent")), "ENOENT"],
      [() => fs.stat(at("absent")), "ENOENT"],
      [() => fs.open(at("absent"), "r"), "ENOENT"],
      [() => fs.rm(at("absent")), "ENOENT"],
      [() => fs.rename(at("absent"), at("b")), "ENOENT"],
      [() => fs.readdir(at("absent")), "ENOENT"],
      [() => fs.writeFile(at("absent", "x"), ""), "ENOENT"],
      [() => fs.open(at("absent", "x"), "wx"), "ENOENT"],
      [() => fs.mkdir(at("absent", "x")), "ENOENT"],
      [() => fs.rename(at("file"), at("absent", "x")), "ENOENT"],
      [() => fs.open(at("file"), "wx"), "EEXIST"],
      [() => fs.open(at("folder"), "wx"), "EEXIST"],
      [() => fs.mkdir(at("file")), "EEXIST"],
      [() => fs.mkdir(at("folder")), "EEXIST"],
      [() => fs.mkdir(at("file"), { recursive: true }), "EEXIST"],
      [() => fs.readFile(at("folder")), "EISDIR"],
      [() => fs.writeFile(at("folder"), ""), "EISDIR"],
      [() => fs.rename(at("file"), at("folder")), "EISDIR"],
      [() => fs.readFile(at("file", "x")), "ENOTDIR"],
      [() => fs.open(at("file", "x"), "wx"), "ENOTDIR"],
      [() => fs.stat(at("file", "x")), "ENOTDIR"],
      [() => fs.mkdir(at("file", "x")), "ENOTDIR"],
      [() => fs.mkdir(at("file", "x"), { recursive: true }), "ENOTDIR"],
      [() => fs.readdir(at("file")), "ENOTDIR"],
      [() => fs.rename(at("folder"), at("file")), "ENOTDIR"],
    ];
    for (const [i, [action, expected]] of failures.entries())
      expect(await code(action()), `failure ${i}`).toBe(expected);
    await fs.mkdir(at("full"));
    await fs.writeFile(at("full", "y"), "");
    expect(await code(fs.rename(at("folder"), at("full")))).toBe("ENOTEMPTY");
    const reader = await fs.open(at("file"), "r");
    expect(await code(reader.write(bytes(1), 0, 1, 0))).toBe("EBADF");
    await reader.close();
    expect(fs.existsSync(at("absent"))).toBe(false);
  });
});

describe("files from outside", () => {
  const named = (name: string, content: string): File => new File([content], name);
  /** A file as the browser gives it from a dropped folder. */
  const inFolder = (path: string, content: string): File =>
    Object.assign(named(path.split("/").at(-1)!, content), { webkitRelativePath: path });

  test("are found by their name under whatever path, read in slices, and never changed", async () => {
    const fs = createFiles();
    const read: [number, number][] = [];
    const file = named("stack.mrcs", "0123456789"),
      slice = file.slice.bind(file);
    file.slice = (from = 0, to = file.size) => {
      read.push([from, to]);
      return slice(from, to);
    };
    fs.drop(file);
    expect(fs.dropped()).toEqual(["stack.mrcs"]);
    expect(fs.existsSync("/Extract/x/stack.mrcs")).toBe(true);
    expect(fs.existsSync("Extract/x/stack.mrcs")).toBe(true);
    expect(fs.existsSync("/Extract/x/other.mrcs")).toBe(false);
    expect((await fs.stat("/Extract/x/stack.mrcs")).size).toBe(10);
    const handle = await fs.open("/Extract/x/stack.mrcs", "r"),
      out = new Uint8Array(4);
    expect((await handle.read(out, 0, 4, 3)).bytesRead).toBe(4);
    expect(String.fromCharCode(...out)).toBe("3456");
    expect((await handle.read(out, 0, 4, 8)).bytesRead).toBe(2);
    expect(read).toEqual([
      [3, 7],
      [8, 12],
    ]);
    expect(await code(fs.writeFile("/Extract/x/stack.mrcs", ""))).toBe("ENOENT"); // there is no such folder to write to
  });

  test("do not appear in folders made here, where a checkpoint of that name would be taken for the run's", async () => {
    const fs = createFiles();
    fs.drop(named("checkpoint.bin", "x"));
    await fs.mkdir("/runs/a", { recursive: true });
    expect(fs.existsSync("/runs/a/checkpoint.bin")).toBe(false);
    expect(await code(fs.readFile("/runs/a/checkpoint.bin"))).toBe("ENOENT");
    expect(await fs.readFile("/checkpoint.bin", "utf8")).toBe("x");
  });

  test("of several of one name the one is meant whose folders fit; where that is open, none", async () => {
    const fs = createFiles();
    fs.drop(inFolder("Extract/a/1.mrcs", "a"));
    fs.drop(inFolder("Extract/b/1.mrcs", "b"));
    expect(await fs.readFile("/Extract/a/1.mrcs", "utf8")).toBe("a");
    expect(await fs.readFile("/project/Extract/b/1.mrcs", "utf8")).toBe("b");
    expect(fs.existsSync("/elsewhere/1.mrcs")).toBe(false);
    expect(fs.droppedFor("/elsewhere/1.mrcs")).toBeUndefined();
  });

  test("a later one of the same name takes the place of the earlier", async () => {
    const fs = createFiles();
    fs.drop(named("a.star", "old"));
    fs.drop(named("a.star", "new"));
    expect(await fs.readFile("a.star", "utf8")).toBe("new");
  });

  test("that changed on disk are named", async () => {
    const fs = createFiles(),
      file = named("a.star", "x");
    // What browsers do: reading a file that changed since it was chosen fails.
    file.slice = () =>
      Object.assign(new Blob(), { arrayBuffer: () => Promise.reject(new DOMException("", "NotReadableError")) });
    fs.drop(file);
    expect(await inputError(() => fs.readFile("/a.star"))).toBe(
      "a.star was changed or moved since it was dropped here; drop it again",
    );
  });

  test("mounted ones are like files made here: read when needed, appended to, replaced", async () => {
    const fs = createFiles();
    fs.mount("/runs/a/events.jsonl", named("events.jsonl", "1\n"));
    expect(await fs.readdir("/runs")).toEqual(["a"]);
    await fs.appendFile("/runs/a/events.jsonl", "2\n");
    expect(await fs.readFile("/runs/a/events.jsonl", "utf8")).toBe("1\n2\n");
    expect(new TextDecoder().decode(fs.peek("/runs/a/events.jsonl") as Uint8Array)).toBe("1\n2\n");
  });
});

test("changes are told when they are whole: after closing, by the names that a file had and has", async () => {
  const told: string[] = [],
    fs = createFiles((path) => told.push(path));
  await fs.mkdir("/runs");
  const file = await fs.open("/runs/.a.tmp", "wx");
  await file.writeFile("a");
  expect(told).toEqual([]);
  await file.close();
  await fs.rename("/runs/.a.tmp", "/runs/a");
  await fs.readFile("/runs/a");
  await fs.appendFile("/runs/a", "b");
  await fs.rm("/runs/a");
  expect(told).toEqual(["/runs/.a.tmp", "/runs/.a.tmp", "/runs/a", "/runs/a", "/runs/a"]);
  expect(fs.peek("/runs/a")).toBeUndefined();
});
