import { basename, dirname, resolve } from "node:path";
import { InputError } from "../../base/errors.ts";
import { formatCount, formatNumber } from "../../base/format.ts";
import { interruptible } from "../../base/interrupt.ts";
import type { Optics, ParticleSet, Poses } from "../../base/types.ts";
import { disk } from "../../io/disk.ts";
import { writeFileAtomic } from "../../io/files.ts";
import { readMap } from "../../io/mrc.ts";
import { particlesOfStack, readParticles, writeParticlesStar } from "../../io/particles.ts";
import { writeStar } from "../../io/star.ts";
import { relionPoses } from "../../physics/relionPoses.ts";
import { eulerToMatrix } from "../../physics/rotations.ts";
import { exposeImages, flatOptics } from "../../physics/simulate.ts";
import { nodeCpu } from "../../runtime/onnxRuntimeNode.ts";
import { mapOptions } from "../mapOptions.ts";
import type { ProjectCommandOptions } from "../options/project.ts";
import { print, printJson } from "../print.ts";
import { drawOptics, drawPoses } from "./draws.ts";
import { writeImageStack } from "./imageStack.ts";

/**
 * Project a map into a stack, with a STAR file of the poses beside it.
 * @throws Interrupted after Ctrl-C or another signal to stop, which leaves no stack behind
 */
export async function project(options: ProjectCommandOptions): Promise<void> {
  await interruptible((signal) => run(options, signal), "stopped; no images were written", "stopping");
}

async function run(options: ProjectCommandOptions, signal: AbortSignal): Promise<void> {
  const { out } = options;
  await disk.makeFolder(dirname(out));
  const volume = await readMap(disk.at(options.map), mapOptions(options.mapPixelSizeAngstrom));
  const [nz, ny, boxSize] = volume.shape;
  if (nz !== boxSize || ny !== boxSize)
    throw new InputError(`${options.map} has ${boxSize} x ${ny} x ${nz} voxels; it must be a cube`);
  const { pixelSizeAngstrom } = volume,
    boxAngstrom = boxSize * pixelSizeAngstrom;
  const views = await viewsOf(options, boxAngstrom);
  const { count, rotations, shifts } = views;

  const optics = views.optics ?? flatOptics(count, options.optics?.voltageKv ?? 300);
  await writeImageStack(
    { path: out, count, boxSize, pixelSizeAngstrom, float16: options.float16, json: options.json },
    exposeImages({ volume, rotations, shifts, optics }, nodeCpu(0)),
    signal,
  );

  const star = out.replace(/\.mrcs$/i, ".star");
  const set: ParticleSet = {
    ...particlesOfStack(resolve(out), { boxSize, pixelSizeAngstrom, optics, poses: views.poses }),
    opticsGroup: views.opticsGroup,
    opticsGroupNames: views.opticsGroupNames,
  };
  if (views.optics) await writeParticlesStar(disk.at(star), set, { poses: true });
  else await writeFileAtomic(disk.at(star), anglesStar(out, set));
  const written = { type: "finished", images: count, boxSize, pixelSizeAngstrom, files: { stack: out, star } };
  if (options.json) printJson(written);
  else
    print(
      `${formatCount(count)} images of ${boxSize} px, ` +
        `${formatNumber(pixelSizeAngstrom, 4)} Å per pixel: ${out}, ${star}`,
    );
}

interface Views extends Pick<ParticleSet, "count" | "opticsGroup" | "opticsGroupNames"> {
  /** [count, 3, 3] */
  rotations: Float32Array;
  /** [count, 2], in units of the box. */
  shifts: Float32Array;
  poses: Poses;
  /** Of the CTF; absent where none was asked for. */
  optics?: Optics;
}

async function viewsOf(options: ProjectCommandOptions, boxAngstrom: number): Promise<Views> {
  if (options.poses.kind === "random") {
    const { count, views } = options.poses;
    const rotations = drawPoses(views, count, options.seed),
      shifts = new Float32Array(2 * count);
    return {
      count,
      rotations,
      shifts,
      poses: relionPoses(rotations, shifts, boxAngstrom),
      opticsGroup: new Int32Array(count),
      opticsGroupNames: ["opticsGroup1"],
      optics: options.optics && (await drawOptics(options.optics, count, options.seed)),
    };
  }
  const set = await readParticles(disk, options.poses.path, { needs: ["poses"] });
  const { source, count, poses, optics, opticsGroup, opticsGroupNames } = set;
  if (!poses)
    throw new InputError(`${source} has no angles; columns _rlnAngleRot, _rlnAngleTilt and _rlnAnglePsi are needed`);
  const rotations = new Float32Array(9 * count),
    shifts = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    rotations.set(eulerToMatrix(poses.rot[i]!, poses.tilt[i]!, poses.psi[i]!), 9 * i);
    shifts[2 * i] = -poses.originXAngstrom[i]! / boxAngstrom;
    shifts[2 * i + 1] = -poses.originYAngstrom[i]! / boxAngstrom;
  }
  return { count, rotations, shifts, poses, opticsGroup, opticsGroupNames, optics: options.optics && optics };
}

/** A STAR file of images that no microscope took: poses and pixel size, no defocus. */
function anglesStar(stack: string, { count, boxSize, pixelSizeAngstrom, poses }: ParticleSet): string {
  const fixed = (value: number) => value.toFixed(6),
    degrees = (radians: number) => fixed((radians * 180) / Math.PI);
  const { rot, tilt, psi, originXAngstrom, originYAngstrom } = poses!;
  function* rows() {
    for (let i = 0; i < count; i++) {
      yield [
        `${String(i + 1).padStart(6, "0")}@${basename(stack)}`,
        "1",
        degrees(rot[i]!),
        degrees(tilt[i]!),
        degrees(psi[i]!),
        fixed(originXAngstrom[i]!),
        fixed(originYAngstrom[i]!),
      ];
    }
  }
  return writeStar([
    {
      name: "optics",
      columns: ["rlnOpticsGroup", "rlnOpticsGroupName", "rlnImagePixelSize", "rlnImageSize", "rlnImageDimensionality"],
      rows: [["1", "opticsGroup1", fixed(pixelSizeAngstrom), String(boxSize), "2"]],
    },
    {
      name: "particles",
      columns: [
        "rlnImageName",
        "rlnOpticsGroup",
        "rlnAngleRot",
        "rlnAngleTilt",
        "rlnAnglePsi",
        "rlnOriginXAngst",
        "rlnOriginYAngst",
      ],
      rows: rows(),
    },
  ]);
}
