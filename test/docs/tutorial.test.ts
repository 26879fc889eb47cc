/**
 * Runs every `cryogan` command of docs/tutorial.md, in its order, on simulated ribosomes in the file layout of
 * EMPIAR-10028.
 */

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { disk } from "../../src/io/disk.ts";
import { readMap, writeStack } from "../../src/io/mrc.ts";
import { openParticleImages, readParticles } from "../../src/io/particles.ts";
import { program } from "../program.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const commands = [...readFileSync(join(root, "docs/tutorial.md"), "utf8").matchAll(/```sh\n([\s\S]*?)```/g)]
  .flatMap((block) => block[1]!.split("\n"))
  .filter((line) => line.startsWith("cryogan "));

let folder: string;
/** In the folder of the data, as its user would. */
const cryogan = (line: string, ...more: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...line.split(/\s+/), ...more], { cwd: folder });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => (stdout += chunk));
    child.stderr.on("data", (chunk) => (stderr += chunk));
    child.on("error", reject).on("close", (code) => resolve({ code, stdout, stderr }));
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-tutorial-"));
  const made = await cryogan(
    `simulate ${join(root, "data/ribosome-70s-65.mrc")} --map-pixel-size 5 --particles 1200 ` +
      "--box 32 --pixel-size 15.075 --snr 1 --amplitude-contrast 0.1 --device cpu --out simulated",
  );
  expect(made.code, made.stderr).toBe(0);
  renameSync(join(folder, "simulated/truth.mrc"), join(folder, "emd_2660.map"));

  // As the entry has them: stacks of some images in two folders, one table of the columns of early RELION.
  const set = await readParticles(disk, join(folder, "simulated/particles.star")),
    images = await openParticleImages(disk, set);
  const perStack = 300,
    { optics, pixelSizeAngstrom, boxSize } = set,
    rows: string[] = [];
  for (let first = 0; first < set.count; first += perStack) {
    const within = `Particles/${first < set.count / 2 ? "MRC_0601" : "MRC_1901"}`,
      stack = `${within}/${String(first / perStack + 1).padStart(3, "0")}_particles_shiny_nb50_new.mrcs`;
    mkdirSync(join(folder, within), { recursive: true });
    const pixels = new Float32Array(perStack * boxSize ** 2),
      chosen = Int32Array.from({ length: perStack }, (_, i) => first + i);
    await images.read(chosen, pixels);
    await writeStack(
      disk.at(join(folder, stack)),
      {
        width: boxSize,
        height: boxSize,
        pixelSizeAngstrom,
        mode: 2,
      },
      [pixels],
    );
    chosen.forEach((p, i) =>
      rows.push(
        [
          `${String(i + 1).padStart(6, "0")}@${stack}`,
          optics.voltageKv[p],
          optics.defocusUAngstrom[p],
          optics.defocusVAngstrom[p],
          (optics.astigmatismAngle[p]! * 180) / Math.PI,
          optics.sphericalAberrationMm[p],
          optics.amplitudeContrast[p],
          10_000,
          pixelSizeAngstrom,
        ].join(" "),
      ),
    );
  }
  await images.close();
  const columns = [
    "ImageName",
    "Voltage",
    "DefocusU",
    "DefocusV",
    "DefocusAngle",
    "SphericalAberration",
    "AmplitudeContrast",
    "Magnification",
    "DetectorPixelSize",
  ];
  writeFileSync(
    join(folder, "Particles/shiny_2sets.star"),
    `\ndata_\n\nloop_ \n${columns.map((name, i) => `_rln${name} #${i + 1} `).join("\n")}\n${rows.join("\n")}\n \n`,
  );
  rmSync(join(folder, "simulated"), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What the page promises of a command. */
const promised: Record<string, (stdout: string) => Promise<void> | void> = {
  inspect: (stdout) => expect(stdout).toMatch(/1[,.]?200/),
  report: () => expect(existsSync(join(folder, "first/report.html"))).toBe(true),
  evaluate: async (stdout) => {
    expect(stdout).toContain("Å");
    expect((await readMap(disk.at(join(folder, "compared/aligned.mrc")))).shape).toEqual([32, 32, 32]);
  },
  export: (stdout) => {
    const file = stdout.includes("relion_refine.sh") ? "relion/relion_refine.sh" : "cryosparc/particles.csg";
    expect(stdout).toContain(file);
    expect(existsSync(join(folder, file))).toBe(true);
  },
};

test("the tutorial's commands do what it says", async () => {
  expect(commands.map((line) => line.split(" ")[1])).toEqual([
    "inspect",
    "reconstruct",
    "report",
    "reconstruct",
    "evaluate",
    "export",
    "export",
  ]);
  for (const line of commands) {
    const shorter = line
      .slice("cryogan ".length)
      .replace(/ --time-limit \w+/, "")
      .replace("--particles 20000", "--particles 1000");
    const { code, stdout, stderr } = await cryogan(
      shorter,
      ...(line.includes("--time-limit") ? ["--stages", "adversarial 10:20, refine 12:1", "--device", "cpu"] : []),
    );
    expect(code, `${line}\n${stdout}${stderr}`).toBe(0);
    await promised[line.split(" ")[1]!]?.(stdout);
  }
  // The stage in a box of 12 px works to shell 6, and so far goes the curve.
  expect((JSON.parse(readFileSync(join(folder, "halves/fsc.json"), "utf8")) as { fsc: number[] }).fsc).toHaveLength(6);

  // The defect of the published file is told by its line.
  const star = join(folder, "Particles/shiny_2sets.star"),
    lines = readFileSync(star, "utf8").split("\n");
  lines[500] += " 9";
  writeFileSync(star, lines.join("\n"));
  const { code, stderr } = await cryogan(commands[0]!.slice("cryogan ".length));
  expect(code).toBe(1);
  expect(stderr).toContain("501");
});
