/**
 * The package as a user gets it: packed, installed into an empty folder by npm from its registry, and run there with
 * Node alone.
 */
import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = realpathSync(mkdtempSync(join(tmpdir(), "cryogan-package-")));
const source = join(folder, "source"),
  user = join(folder, "user");
afterAll(() => rmSync(folder, { recursive: true }));

const run = async (cwd: string, command: string, ...args: string[]): Promise<string> =>
  (await promisify(execFile)(command, args, { cwd, maxBuffer: 1e8, env: { ...process.env, NODE_ENV: "production" } }))
    .stdout;
const cryogan = (...args: string[]) => run(user, "npx", "cryogan", ...args);

let packed: { filename: string; size: number; files: { path: string }[] };
beforeAll(async () => {
  // A copy of what is under version control, or would be: other tests use this folder's dist meanwhile.
  const listed = (await run(root, "git", "ls-files", "-co", "--exclude-standard", "-z"))
    .split("\0")
    .filter((name) => name !== "" && existsSync(join(root, name)));
  for (const name of listed) {
    mkdirSync(dirname(join(source, name)), { recursive: true });
    cpSync(join(root, name), join(source, name));
  }
  symlinkSync(join(root, "node_modules"), join(source, "node_modules"));
  await run(source, "npm", "run", "build");
  [packed] = JSON.parse(await run(source, "npm", "pack", "--json", "--pack-destination", folder)) as [typeof packed];
  mkdirSync(user);
  writeFileSync(join(user, "package.json"), "{}");
  await run(
    user,
    "npm",
    "install",
    join(folder, packed.filename),
    "--omit=dev",
    "--ignore-scripts",
    "--prefer-offline",
    "--no-audit",
  );
});

test("the package holds what it needs and no more", () => {
  const paths = packed.files.map(({ path }) => path);
  for (const wanted of [
    "dist/main.js",
    "dist/page/index.html",
    "dist/physics/index.d.ts",
    "data/5a1a.cif.gz",
    "docs/tutorial.md",
    "README.md",
  ])
    expect(paths).toContain(wanted);
  expect(
    paths.filter((path) => /^(src|test|bench|tools)\/|betagal-background|apoferritin|\.map$|docs\/api/.test(path)),
  ).toEqual([]);
  for (const large of ["molstar", "onnxruntime-web", "typescript", "vite"])
    expect(existsSync(join(user, "node_modules", large)), large).toBe(false);
});

describe("installed", () => {
  test("the command tells its version and helps", async () => {
    expect((await cryogan("--version")).trim()).toBe(
      (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version,
    );
    expect(await cryogan("--help")).toContain("reconstruct");
  });

  test("the demo on real data says that they are not in the package", async () => {
    await expect(cryogan("demo", "--real")).rejects.toMatchObject({
      stderr: expect.stringMatching(/^error: .*data\/apoferritin of the program's source repository.*\n$/) as string,
    });
    expect(existsSync(join(user, "demo"))).toBe(false);
  });

  test("an atomic model becomes particles, these a map, and the map is compared with the truth", async () => {
    // The model comes from the package's own data, read by what is bundled of Mol*.
    await cryogan(
      "simulate",
      "node_modules/cryogan/data/5a1a.cif.gz",
      "--particles",
      "400",
      "--box",
      "24",
      "--pixel-size",
      "10",
      "--snr",
      "1",
      "--out",
      "particles",
      "--device",
      "cpu",
    );
    await cryogan(
      "reconstruct",
      "particles/particles.star",
      "--out",
      "run",
      "--symmetry",
      "D2",
      "--max-shift",
      "0",
      "--device",
      "cpu",
      "--stages",
      "adversarial 12:100, refine 12:4",
    );
    const report = JSON.parse(
      await cryogan("evaluate", "run/map.mrc", "--reference", "particles/truth.mrc", "--json"),
    ) as { fsc: { fsc: number[] } };
    expect(Math.min(...report.fsc.fsc.slice(0, 2))).toBeGreaterThan(0.5);
    await cryogan("report", "run");
    expect(readFileSync(join(user, "run/report.html"), "utf8")).toContain("uPlot");
  });

  test("a module takes parts: a projection's zero frequency is the sum of the density times the CTF", async () => {
    writeFileSync(
      join(user, "use.mjs"),
      `
      import { ctf, ctfInputs, ctfParameters, fourierTable, project, flatOptics } from "cryogan/physics";
      import { compile, nodeCpu } from "cryogan/runtime";
      import { input, op } from "cryogan/tensor";
      const n = 8, grid = { count: 1, x: Float64Array.of(0), y: Float64Array.of(0) };
      const volume = input("volume", [n, n, n]);
      const rotations = input("rotations", [1, 3, 3]);
      const optics = ctfInputs(1);
      const slice = project(fourierTable(volume), rotations, grid), transfer = ctf(optics, grid, 100);
      const outputs = { plain: slice.re, seen: op.mul(slice.re, transfer) };
      const program = { name: "use", state: {}, feeds: { volume, rotations, ...optics }, outputs };
      const executable = await compile(program, nodeCpu(1));
      const density = new Float32Array(n ** 3);
      density[(4 * n + 4) * n + 4] = 5;
      const parameters = ctfParameters({ ...flatOptics(1, 300), amplitudeContrast: [0.1], phaseShift: [0] }, [0]);
      const unturned = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
      const { plain, seen } = await executable.run({ volume: density, rotations: unturned, ...parameters });
      console.log(JSON.stringify([plain[0], seen[0]]));
    `,
    );
    const [plain, seen] = JSON.parse(await run(user, "node", "use.mjs")) as [number, number];
    expect(plain).toBeCloseTo(5, 4);
    expect(seen).toBeCloseTo(0.5, 4); // sin(asin(amplitude contrast))
    await expect(
      run(user, "node", "--input-type=module", "-e", "import 'cryogan/dist/physics/ctf.js'"),
    ).rejects.toThrow("ERR_PACKAGE_PATH_NOT_EXPORTED");
  });

  test("its types hold under strict settings, and a wrong call does not compile", async () => {
    writeFileSync(
      join(user, "package.json"),
      JSON.stringify({ ...JSON.parse(readFileSync(join(user, "package.json"), "utf8")), type: "module" }),
    );
    writeFileSync(
      join(user, "right.ts"),
      `
      import { likelihoodRatioCritic, type CriticModel } from "cryogan/critic";
      import { fourierShellCorrelation } from "cryogan/evaluate";
      import { disk, readMap, readParticles, type Volume } from "cryogan/io";
      import { ctf, polarGrid, project } from "cryogan/physics";
      import { reconstruct, type RunEvent } from "cryogan/reconstruct";
      import { createStream } from "cryogan/runtime";
      import { gradient, input, op, type Tensor } from "cryogan/tensor";
      export const map: Volume = await readMap(disk.at("map.mrc"));
      export const curve: number[] = fourierShellCorrelation(map, map).fsc;
      export const x: Tensor = op.square(input("x", [2])), [slope]: Tensor[] = gradient(op.sum(x), [x]);
      const spectra = { maxRadius: 4, noisePower: [1], signalPower: [1] };
      export const critic: CriticModel = likelihoodRatioCritic(spectra, { angles: 8, turns: 8, templates: 2 });
      export const show = (event: RunEvent): string => event.type;
      export const all = [ctf, polarGrid, project, reconstruct, createStream, readParticles, slope];
    `,
    );
    writeFileSync(join(user, "wrong.ts"), `import { ctf } from "cryogan/physics"; ctf("defocus");`);
    const options = [
      "--strict",
      "--noEmit",
      "--module",
      "nodenext",
      "--target",
      "es2023",
      "--lib",
      "es2023,dom",
      "--types",
      "node",
      "--typeRoots",
      join(root, "node_modules/@types"),
    ];
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    await expect(run(user, "node", compiler, ...options, "right.ts", "wrong.ts")).rejects.toMatchObject({
      stdout: expect.stringMatching(/^wrong\.ts\(1,\d+\): error TS2554: .*\n$/) as string,
    });
  });
});
