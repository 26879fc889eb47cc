import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const chromium = "/usr/lib/chromium";

describe("WebGPU, through Chromium's software Vulkan driver", () => {
  beforeAll(() => void execFileSync("bash", [`${root}/scripts/install-chromium.sh`]));

  it("computes what the CPU does, second order included, and keeps its state from run to run", () => {
    const output = execFileSync(process.execPath, ["--import", "tsx", `${root}/test/runtime/webgpuChild.ts`], {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, LD_LIBRARY_PATH: chromium, VK_ICD_FILENAMES: `${chromium}/vk_swiftshader_icd.json` },
    });
    const { cpu, webgpu } = JSON.parse(output) as Record<
      "cpu" | "webgpu",
      Record<"losses" | "curvature" | "volume", number[]>
    >;
    // Shaders compute sines to about 1e-4.
    for (const key of ["losses", "curvature", "volume"] as const) {
      expect(webgpu[key]).toHaveLength(cpu[key].length);
      cpu[key].forEach((value, i) => expect(webgpu[key][i]).toBeCloseTo(value, 3));
    }
    expect(new Set(cpu.losses).size).toBe(3); // the state did move
  });
});
