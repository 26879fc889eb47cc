/** The map and what can be done with it. */
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { decode } from "fast-png";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { formatNumber } from "../../../src/base/format.ts";
import type { Volume } from "../../../src/base/types.ts";
import { mirrorX } from "../../../src/evaluate/rotate.ts";
import { disk } from "../../../src/io/disk.ts";
import { readMap, writeMap } from "../../../src/io/mrc.ts";
import { encodeMapHeader } from "../../../src/io/mrcHeader.ts";
import type { Site } from "./site.ts";
import {
  covered,
  difference,
  eventually,
  flopped,
  keepScreenshot,
  outlineDifference,
  type Picture,
  picture,
  scrollToTop,
  settledPicture,
  share,
  type Visit,
  visit,
  writeFixture,
} from "./visit.ts";

/**
 * Where the backbone of an α-helix lies about its axis: distance in Å, angle in degrees, place along it in Å. A residue
 * further it is 1.5 Å and 100° on.
 */
const backbone = [
  ["N", 1.55, 0, -0.9],
  ["CA", 2.29, 28, 0],
  ["C", 1.67, 54, 1.1],
  ["O", 2.0, 58, 2.3],
] as const;

/** A poly-alanine helix along x, centred at `centre` Å on all axes. */
function helixPdb(residues: number, centre: number): string {
  let serial = 0;
  const lines = Array.from({ length: residues }, (_, i) =>
    backbone.map(([name, radius, degrees, rise]) => {
      const angle = ((100 * i + degrees) * Math.PI) / 180;
      const [x, y, z] = [
        centre + 1.5 * (i - residues / 2) + rise,
        centre + radius * Math.cos(angle),
        centre + radius * Math.sin(angle),
      ];
      const place = [x, y, z].map((value) => value.toFixed(3).padStart(8)).join("");
      return (
        `ATOM  ${String(++serial).padStart(5)}  ${name.padEnd(3)} ALA ` +
        `A${String(i + 1).padStart(4)}    ${place}  1.00  0.00           ${name[0]}`
      );
    }),
  ).flat();
  return `${lines.join("\n")}\nEND\n`;
}

/** A map of a ball of density 1, its edge a voxel wide. All in voxels; the centre from that of the box. */
function ballMrc({ n, pixel, centre, radius }: Ball): Buffer {
  const from = (voxel: number, middle: number) => voxel - Math.floor(n / 2) - middle;
  const data = Float32Array.from({ length: n ** 3 }, (_, i) => {
    const [x, y, z] = [i % n, Math.floor(i / n) % n, Math.floor(i / n ** 2)];
    const distance = Math.hypot(from(x, centre.x), from(y, centre.y), from(z, centre.z));
    return Math.min(1, Math.max(0, radius + 0.5 - distance));
  });
  const map: Volume = { data, shape: [n, n, n], pixelSizeAngstrom: pixel, originAngstrom: [0, 0, 0] };
  return Buffer.concat([encodeMapHeader(map, "a ball"), new Uint8Array(data.buffer)]);
}
interface Ball {
  n: number;
  /** Å */
  pixel: number;
  centre: { x: number; y: number; z: number };
  radius: number;
}

const isWhite = (r: number, g: number, b: number) => Math.min(r, g, b) > 190;
/** Mean place of the white pixels from the middle of the picture: to the right, downwards. */
function whiteCentre({ width, height, data }: Picture): [number, number] {
  let [x, y, count] = [0, 0, 0];
  for (let i = 0; i < width * height; i++) {
    const [r, g, b] = data.subarray(4 * i) as unknown as [number, number, number];
    if (!isWhite(r, g, b)) continue;
    x += (i % width) + 0.5 - width / 2;
    y += Math.floor(i / width) + 0.5 - height / 2;
    count++;
  }
  return [x / count, y / count];
}

const isOrange = (r: number, g: number, b: number) => r > 1.5 * b && r > 1.15 * g;
const isGrey = (r: number, g: number, b: number) => Math.max(r, g, b) - Math.min(r, g, b) <= 2;

export function mapTests(site: () => Site, browser: () => Browser): void {
  let page: Page, complaints: Visit["complaints"], first: Picture;
  const canvas = (i = 0) => page.locator(".scene canvas").nth(i);
  const toTop = () => scrollToTop(page);
  const press = async (name: string | RegExp) => {
    await page.getByRole("button", { name }).click();
    await toTop();
  };
  const seen = async () => {
    await toTop();
    return picture(canvas());
  };
  /** But for some pixels by a level of grey: a view is put back to the last digit but one. */
  const isAsFirst = () => eventually(async () => difference(await seen(), first)).toBeLessThan(0.001);
  const level = () => page.getByRole("slider", { name: "Level" });
  /** Frames that the page asks for in a fifth of a second. */
  const asked = () =>
    page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          const ask = window.requestAnimationFrame;
          let count = 0;
          window.requestAnimationFrame = (callback) => {
            count++;
            return ask(callback);
          };
          setTimeout(() => {
            window.requestAnimationFrame = ask;
            resolve(count);
          }, 200);
        }),
    );
  /** The scene takes what the mouse does frame by frame. */
  const frame = () =>
    page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  const shows = (run: string) =>
    page.waitForFunction((name) => document.querySelector("figcaption")?.textContent?.startsWith(name), run);

  beforeAll(async () => {
    ({ page, complaints } = await visit(browser(), `${site().address}#run=${site().id("whole-set")}`));
  });
  afterAll(async () => {
    await page.context().close();
    expect(complaints).toEqual([]);
  });

  test("is drawn, framed whole and in the middle", async () => {
    await eventually(async () => covered(await seen())).toBeGreaterThan(0.02);
    await eventually(asked).toBe(0); // edges are smoothed over some frames once nothing moves
    first = await settledPicture(canvas());
    const { width, height, data } = first,
      corner = data.subarray(0, 4).join();
    for (let x = 0; x < width; x++)
      for (const y of [0, height - 1])
        expect(
          data
            .subarray(4 * (y * width + x))
            .subarray(0, 4)
            .join(),
        ).toBe(corner);
    for (let y = 0; y < height; y++)
      for (const x of [0, width - 1])
        expect(
          data
            .subarray(4 * (y * width + x))
            .subarray(0, 4)
            .join(),
        ).toBe(corner);
    await keepScreenshot(page, "map");
  });

  test("takes no frames while nothing moves", async () => {
    await eventually(asked).toBe(0);
  });

  test("a higher level shows less of it, Auto the same as before", async () => {
    const before = Number(await level().inputValue());
    await level().fill(String(before + 2));
    await eventually(async () => covered(await seen())).toBeLessThan(0.8 * covered(first));
    await press("Auto");
    await isAsFirst();
    expect(Number(await level().inputValue())).toBe(before);
  });

  test("a slice cuts it open, moves both, and is looked at straight on", async () => {
    const slice = (axis: string) => page.getByRole("slider", { name: `Slice of map across ${axis}` }),
      flat = (axis: string) => page.getByRole("img", { name: `Slice of map across ${axis}` });
    await press("Cut the map open across z");
    await eventually(async () => share(await seen(), isGrey)).toBeGreaterThan(share(first, isGrey) + 0.02);
    const middle = await settledPicture(canvas());
    await slice("z").fill("9"); // of 24 voxels of 6 Å
    await eventually(() => flat("z").getAttribute("aria-label")).toContain("at −18 Å");
    await toTop();
    await eventually(async () => difference(await seen(), middle)).toBeGreaterThan(0.5);
    await slice("z").press("ArrowRight");
    await eventually(() => slice("z").getAttribute("aria-valuetext")).toBe("−12 Å");
    // Pointing a quarter from the left and from the top of the slice across z moves those across x and y.
    const box = (await flat("z").boundingBox())!;
    await flat("z").click({ position: { x: 0.26 * box.width, y: 0.26 * box.height } });
    await eventually(() => slice("x").inputValue()).toBe("6");
    await eventually(() => slice("y").inputValue()).toBe("17");
    await press("Cut the map open across z");
    await page.goto(`${site().address}#run=${site().id("whole-set")}`);
    await eventually(() => slice("z").inputValue()).toBe("12");
    await press("Reset view");
    await isAsFirst();
  });

  test("in three dimensions the slice lies where the density is", async () => {
    const ball = { n: 24, pixel: 6, centre: { x: 3, y: -2, z: 4 }, radius: 3 }; // voxels
    const { page: other, complaints: others } = await visit(browser(), site().address, {
      colorScheme: "dark",
    });
    await other.route("**/files/map.mrc*", (route) => route.fulfill({ body: ballMrc(ball) }));
    const scene = other.locator(".scene canvas");
    for (const [axis, right, up] of [
      ["x", "y", "z"],
      ["y", "x", "z"],
      ["z", "x", "y"],
    ] as const) {
      const at = (["x", "y", "z"] as const).map((each) => ball.centre[each] * ball.pixel).join(",");
      await other.goto(`${site().address}#run=${site().id("broken")}&planes=${at}&cut=${axis}`);
      await other.locator(".legend-of-map").evaluate((legend: HTMLElement) => {
        legend.style.visibility = "hidden"; // white, too
      });
      await eventually(async () => share(await picture(scene), isWhite)).toBeGreaterThan(0.001);
      // The view is 1.04 edges high; up to a fifth of a voxel off.
      const { height } = (await scene.boundingBox())!;
      await eventually(async () => {
        const [toRight, down] = whiteCentre(await settledPicture(scene)).map(
          (pixels) => (pixels / height) * 1.04 * ball.n,
        );
        return Math.max(Math.abs(toRight! - ball.centre[right]), Math.abs(-down! - ball.centre[up]));
      }).toBeLessThan(0.2);
    }
    await other.context().close();
    expect(others).toEqual([]);
  });

  test("arrow keys turn it, Reset view turns it back", async () => {
    await canvas().focus();
    for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowRight");
    await eventually(async () => difference(await seen(), first)).toBeGreaterThan(1);
    await press("Reset view");
    await isAsFirst();
  });

  test("dragging turns it, the wheel brings it nearer", async () => {
    const box = (await canvas().boundingBox())!,
      [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await frame();
    for (let step = 1; step <= 4; step++) {
      await page.mouse.move(x + 20 * step, y);
      await frame();
    }
    await page.mouse.up();
    await eventually(async () => difference(await seen(), first)).toBeGreaterThan(1);
    await press("Reset view");
    await isAsFirst();
    await page.mouse.move(x, y);
    await page.mouse.wheel(0, -200);
    await eventually(async () => Math.abs(covered(await seen()) / covered(first) - 1)).toBeGreaterThan(0.1);
    await press("Reset view");
    await isAsFirst();
  });

  test("the other hand is the mirror image", async () => {
    const hideLegend = (hidden: boolean) =>
      page.locator(".legend-of-map").evaluate((legend: HTMLElement, hide) => {
        legend.style.visibility = hide ? "hidden" : "visible";
      }, hidden);
    await hideLegend(true);
    const plain = await settledPicture(canvas());
    await press("Other hand");
    await eventually(async () => difference(await seen(), first)).toBeGreaterThan(1);
    const other = await settledPicture(canvas());
    // The light comes from one side: outlines are compared.
    expect(outlineDifference(other, flopped(plain))).toBeLessThan(0.2 * outlineDifference(other, plain));
    await press("Other hand");
    await hideLegend(false);
    await isAsFirst();
  });

  test("spins until told to stop", async () => {
    await press("Spin");
    await eventually(async () => difference(await seen(), first)).toBeGreaterThan(1);
    await press("Spin");
    await settledPicture(canvas());
    await press("Reset view");
    await isAsFirst();
  });

  test("a model is fitted to it, shown over it, and goes", async () => {
    const folder = dirname(site().particles),
      input = page.getByLabel("Fit a model or map…"),
      told = page.getByRole("region", { name: "Fit" });
    // Images of 24 px, 6 Å: the middle of the box is at 72 Å. Where it comes to lie, and in which hand, the map tells.
    await input.setInputFiles(writeFixture(folder, "helix.pdb", helixPdb(40, 72)));
    await eventually(async () => share(await seen(), isOrange)).toBeGreaterThan(0.005);
    await eventually(() => told.textContent()).toMatch(/helix\.pdb fits the (map|other hand of the map): correlation/);
    expect(await told.getByRole("img", { name: /^Correlation of map and helix\.pdb/ }).count()).toBe(1);
    await press("Remove helix.pdb");
    if ((await page.getByRole("button", { name: "Other hand" }).getAttribute("aria-pressed")) === "true")
      await press("Other hand");
    await isAsFirst();
    await input.setInputFiles(writeFixture(folder, "letter.pdb", "Dear colleague,\n"));
    await eventually(() => told.textContent()).toMatch(/^letter\.pdb cannot be fitted: .* neither an mmCIF nor a PDB/);
    await press("Remove letter.pdb");
  });

  test("a map is fitted to it: itself, mirrored, in the other hand", async () => {
    const input = page.getByLabel("Fit a model or map…"),
      told = page.getByRole("region", { name: "Fit" }),
      hand = page.getByRole("button", { name: "Other hand" }),
      map = await readMap(disk.at(site().path("whole-set", "map.mrc"))),
      mirrored = disk.at(`${dirname(site().particles)}/mirrored.mrc`);
    await writeMap(mirrored, mirrorX(map));
    await input.setInputFiles(mirrored.path);
    await eventually(() => told.textContent()).toMatch(/^mirrored\.mrc fits the other hand of the map: .* 1\.00/);
    expect(await hand.getAttribute("aria-pressed")).toBe("true");
    await eventually(async () => share(await seen(), isOrange)).toBeGreaterThan(0.005);
    await keepScreenshot(page, "fit");
    await press("Remove mirrored.mrc");
    await press("Other hand");
    await isAsFirst();
  });

  test("what the level encloses is told, and what is shown is handed out", async () => {
    const map = await readMap(disk.at(site().path("whole-set", "map.mrc")));
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await press("Copy ChimeraX commands");
    await eventually(() => page.locator("section.map > .note").textContent()).toMatch(/^Copied/);
    const commands = await page.evaluate(() => navigator.clipboard.readText());
    expect(commands).toMatch(/^open "map.mrc"\nvolume #1 voxelSize 6 origin 0,0,0\n/);
    const above = map.data.filter((value) => value > Number(/ level (\S+)/.exec(commands)![1])).length;
    expect(await page.locator(".enclosed").textContent()).toContain(
      `encloses ${formatNumber((above * 6 ** 3) / 1000)} nm³`,
    );

    const size = await canvas().evaluate((element: HTMLCanvasElement) => [element.clientWidth, element.clientHeight]);
    const [saved] = await Promise.all([page.waitForEvent("download"), press("Picture (PNG)")]);
    expect(saved.suggestedFilename()).toBe("map.png");
    const png = decode(await readFile(await saved.path()));
    expect([png.width / 2, png.height / 2]).toEqual(size);
    const large: Picture = { width: png.width, height: png.height, data: png.data as Uint8Array };
    expect(covered(large) / covered(first)).toBeGreaterThan(0.8);
    expect(covered(large) / covered(first)).toBeLessThan(1.2);

    await press("Other hand");
    const [other] = await Promise.all([page.waitForEvent("download"), press("Download map_mirrored.mrc")]);
    expect((await readMap(disk.at(await other.path()))).data).toEqual(mirrorX(map).data);
    await press("Other hand");
    await isAsFirst();
  });

  test("fits its place when that becomes narrow", async () => {
    await page.setViewportSize({ width: 390, height: 900 });
    await eventually(async () => (await seen()).width).toBeLessThan(370);
    const { width, height, data } = await settledPicture(canvas());
    const at = (x: number, y: number) => data.subarray(4 * (y * width + x), 4 * (y * width + x) + 3).join();
    for (let y = 0; y < height; y++) expect([at(0, y), at(width - 1, y)]).toEqual([at(0, 0), at(0, 0)]);
    await page.setViewportSize({ width: 1280, height: 900 });
    await eventually(async () => (await seen()).width).toBe(first.width);
    await press("Reset view");
    await isAsFirst();
  });

  test("half-maps are shown, and what is downloaded is the file", async () => {
    await page.getByRole("button", { name: /^halves/ }).click();
    for (const file of ["map.mrc", "half1.mrc", "half2.mrc"]) {
      await page.locator("section.map").getByRole("combobox", { name: "Show" }).selectOption(file);
      await shows(file === "map.mrc" ? "map," : `half-map ${file[4]},`);
      const [download] = await Promise.all([page.waitForEvent("download"), press(`Download ${file}`)]);
      expect(download.suggestedFilename()).toBe(file);
      expect((await readFile(await download.path())).equals(await readFile(site().path("halves", file)))).toBe(true);
    }
    await page.getByRole("button", { name: /^whole-set/ }).click();
    await eventually(() => page.locator(".controls + .note").textContent()).toBe(
      "There is no half2.mrc yet; map.mrc is shown.",
    );
    await page.locator("section.map").getByRole("combobox", { name: "Show" }).selectOption("map.mrc");
    await isAsFirst();
  });

  test("that of another run stands beside it and turns with it", async () => {
    await page.getByRole("combobox", { name: "Compare with" }).selectOption({ label: "halves" });
    await eventually(() => page.locator(".scene canvas").count()).toBe(2);
    await eventually(async () =>
      Math.min(covered(await picture(canvas(0))), covered(await picture(canvas(1)))),
    ).toBeGreaterThan(0.02);
    const charts = page.locator("figure.chart");
    await charts.nth(1).waitFor(); // what comes below may move what is above
    await settledPicture(canvas(1));
    await press("Reset view"); // each canvas is narrower than the one before
    const [left, right] = [await settledPicture(canvas(0)), await settledPicture(canvas(1))];
    await keepScreenshot(page, "compare");
    for (const turned of [0, 1]) {
      await canvas(turned).focus();
      for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowUp");
      await eventually(async () => difference(await picture(canvas(0)), left)).toBeGreaterThan(0.5);
      await eventually(async () => difference(await picture(canvas(1)), right)).toBeGreaterThan(0.5);
      await press("Reset view");
      await eventually(async () => difference(await picture(canvas(0)), left)).toBeLessThan(0.001);
      await eventually(async () => difference(await picture(canvas(1)), right)).toBeLessThan(0.001);
    }
    expect(await charts.locator("figcaption").allTextContents()).toEqual([
      "Fourier shell correlation of both runs",
      "Log-likelihood of an image, both runs",
      "Loss of the critic, both runs",
      "Power by resolution, both runs",
    ]);
    expect(await charts.first().locator(".note").textContent()).toBe("whole-set has none.");
    await page.getByRole("combobox", { name: "Compare with" }).selectOption({ label: "no other run" });
    await eventually(() => page.locator(".scene canvas").count()).toBe(1);
  });
}
