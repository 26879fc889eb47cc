/**
 * The padded Fourier table of `project.ts` from densities, and densities from such a table, plane by plane. Planes kz
 * and -kz are complex conjugates, so that half of them are transformed; a graph over the whole table would hold several
 * of it between its operators, 2·(2n+2)³ numbers each. Here no more than some planes stand besides, and lines of
 * 2(n+2)·n² numbers.
 */
import type { Device } from "../runtime/device.ts";
import { compile, type Executable } from "../runtime/session.ts";
import * as op from "../tensor/ops.ts";
import { constant, input, type Tensor } from "../tensor/tensor.ts";
import { griddingCorrection, padding } from "./project.ts";

export interface TableMaker {
  /**
   * @param feeds `volume` [volumes·n, n, n]
   * @returns `table`, that of `fourierTables`: [2, volumes·(2n+2), 2n+2, 2n+2]
   */
  run(feeds: { volume: Float32Array }): Promise<{ table: Float32Array }>;
  release(): Promise<void>;
}

export interface TableInverse {
  /**
   * Σ F(k)·e^(2πi k·x/(2n))/(2n)³ over all padded frequencies k = -n … n on each axis, divided by the transform of the
   * trilinear kernel: the adjoint of `fourierTable` over (2n)³.
   *
   * @param plane fills the plane kz = 0 … n of each table, [tables, 2n+1, 2, 2n+1]: ky = -n … n, real and imaginary
   *   parts, kx = -n … n. Those of -kz are their complex conjugates; within kz = 0 it has to see to that.
   * @returns [tables·n, n, n]
   */
  densities(plane: (kz: number, into: Float32Array) => void): Promise<Float32Array>;
  release(): Promise<void>;
}

export async function openTableMaker(n: number, volumes: number, device: Device): Promise<TableMaker> {
  const edge = padding * n + 2,
    line = 2 * n * n,
    portion = portionOf(n + 2, 2 * edge * edge),
    along = waves(n, -1);
  const volume = input("volume", [n, n * n]),
    lines = input("lines", [portion, 2 * n, n]);
  // kz = 0 … n+1: [z, y·x] → [kz·(re, im), y·x]
  const alongZ = op.matmul(
    matrix(2 * (n + 2), n, (k, z) => along(n + (k >> 1), z)[part(k)]),
    volume,
  );
  // [(re, im)·y, x] → [ky·(re, im), x] → [ky, (re, im)·kx]
  const alongY = op.matmul(
    matrix(2 * edge, 2 * n, (k, y) => product(along(k >> 1, y % n), part(k), half(y, n))),
    lines,
  );
  const alongX = op.matmul(
    op.reshape(alongY, [portion * edge, 2 * n]),
    matrix(2 * n, 2 * edge, (x, k) => product(along(k % edge, x % n), half(k, edge), half(x, n))),
  );
  const [across, inPlane] = await Promise.all([
    programOf("table-lines", { volume }, alongZ, device),
    programOf("table-planes", { lines }, alongX, device),
  ]);
  return {
    async run({ volume: density }) {
      const feed = new Float32Array(portion * line),
        toZ = edge * edge,
        toPart = volumes * edge * toZ,
        table = new Float32Array(2 * toPart);
      /** Puts the plane kz there, of `planes` [ky, 2, kx] from a place on, and its conjugate in that of -kz. */
      const put = (planes: Float32Array, start: number, kz: number, first: number): void => {
        const mirrored = kz > 0 && kz <= n;
        for (let y = 0; y < edge; y++)
          for (let c = 0; c < 2; c++) {
            const from = start + (2 * y + c) * edge,
              to = c * toPart + first + (n + kz) * toZ + y * edge;
            for (let x = 0; x < edge; x++) table[to + x] = planes[from + x]!;
            if (!mirrored) continue;
            // -k = n … -n, and n-1 for -(n+1), as the transform repeats itself after 2n.
            const there = start + (2 * (y <= 2 * n ? 2 * n - y : 2 * n - 1) + c) * edge,
              opposite = c * toPart + first + (n - kz) * toZ + y * edge,
              sign = c === 0 ? 1 : -1;
            for (let x = 0; x <= 2 * n; x++) table[opposite + x] = sign * planes[there + 2 * n - x]!;
            table[opposite + 2 * n + 1] = sign * planes[there + 2 * n - 1]!;
          }
      };
      for (let v = 0; v < volumes; v++) {
        const all = await across({ volume: density.subarray(v * n ** 3, (v + 1) * n ** 3) });
        for (let first = 0; first < n + 2; first += portion) {
          const last = Math.min(n + 2, first + portion);
          feed.set(all.subarray(first * line, last * line));
          const planes = await inPlane({ lines: feed });
          for (let kz = first; kz < last; kz++) put(planes, (kz - first) * 2 * toZ, kz, v * edge * toZ);
        }
      }
      return { table };
    },
    release: async () => void (await Promise.all([across.release(), inPlane.release()])),
  };
}

/** @param tables that are transformed side by side */
export async function openTableInverse(n: number, tables: number, device: Device): Promise<TableInverse> {
  const edge = padding * n + 1,
    size = 2 * edge * edge,
    line = 2 * n * n,
    portion = portionOf(n + 1, tables * size),
    along = waves(n, 1);
  const planes = input("planes", [portion * tables, edge, 2, edge]),
    lines = input("lines", [2 * (n + 1), n * n]);
  // [ky, (re, im)·kx] → [ky·(re, im), x] → [(re, im)·y, x]
  const alongX = op.matmul(
    op.reshape(planes, [portion * tables * edge, 2 * edge]),
    matrix(2 * edge, 2 * n, (k, x) => product(along(k % edge, x % n), half(x, n), half(k, edge)) / (2 * n)),
  );
  const alongY = op.matmul(
    matrix(2 * n, 2 * edge, (y, k) => product(along(k >> 1, y % n), half(y, n), part(k)) / (2 * n)),
    op.reshape(alongX, [portion * tables, 2 * edge, n]),
  );
  // The real part alone, kz > 0 twice: for its conjugate too.
  const alongZ = op.matmul(
    matrix(n, 2 * (n + 1), (z, k) => ((k < 2 ? 1 : 2) * product(along(n + (k >> 1), z), 0, part(k))) / (2 * n)),
    lines,
  );
  const [inPlane, across] = await Promise.all([
    programOf("planes-of-table", { planes }, alongY, device),
    programOf("lines-of-table", { lines }, alongZ, device),
  ]);
  return {
    async densities(plane) {
      const feed = new Float32Array(portion * tables * size),
        all = Array.from({ length: tables }, () => new Float32Array((n + 1) * line)),
        out = new Float32Array(tables * n ** 3);
      for (let first = 0; first <= n; first += portion) {
        const last = Math.min(n + 1, first + portion);
        for (let kz = first; kz < last; kz++) {
          const at = (kz - first) * tables * size;
          plane(kz, feed.subarray(at, at + tables * size));
        }
        const found = await inPlane({ planes: feed });
        for (let i = 0; i < (last - first) * tables; i++)
          all[i % tables]!.set(found.subarray(i * line, (i + 1) * line), (first + Math.floor(i / tables)) * line);
      }
      for (const [i, own] of all.entries()) out.set(await across({ lines: own }), i * n ** 3);
      return out;
    },
    release: async () => void (await Promise.all([inPlane.release(), across.release()])),
  };
}

/** So many planes at a time that they hold about 2²⁰ numbers, of so many. */
const portionOf = (planes: number, size: number): number => Math.max(1, Math.min(planes, Math.round(2 ** 20 / size)));

/** Real or imaginary part: of numbers that stand in turn, and of such whose halves stand one after the other. */
type Part = 0 | 1;
const part = (place: number): Part => (place & 1) as Part;
const half = (place: number, length: number): Part => (place < length ? 0 : 1);

/** What a part of z comes to in a part of wave·z. */
const product = (wave: readonly [number, number], to: Part, from: Part): number =>
  to === from ? wave[0] : to === 0 ? -wave[1] : wave[1];

/**
 * e^(±2πi k·x/(2n)) times the gridding correction at x: real and imaginary part, for places of k = -n … and of x =
 * -floor(n/2) ….
 */
function waves(n: number, sign: 1 | -1): (k: number, x: number) => readonly [cosine: number, sine: number] {
  const period = padding * n,
    correction = griddingCorrection(n),
    circle = Array.from({ length: period }, (_, i) => (sign * 2 * Math.PI * i) / period),
    cosines = circle.map(Math.cos),
    sines = circle.map(Math.sin);
  return (k, x) => {
    const turn = ((k - n) * (x - Math.floor(n / 2))) % period,
      at = turn < 0 ? turn + period : turn;
    return [cosines[at]! * correction[x]!, sines[at]! * correction[x]!];
  };
}

const matrix = (rows: number, columns: number, of: (row: number, column: number) => number): Tensor =>
  constant(
    Float32Array.from({ length: rows * columns }, (_, i) => of(Math.floor(i / columns), i % columns)),
    [rows, columns],
  );

/** A program of one output, as a function of its feeds. */
async function programOf(
  name: string,
  feeds: Record<string, Tensor>,
  result: Tensor,
  device: Device,
): Promise<((values: Record<string, Float32Array>) => Promise<Float32Array>) & Pick<Executable, "release">> {
  const { run, release } = await compile({ name, state: {}, feeds, outputs: { result } }, device);
  return Object.assign(async (values: Record<string, Float32Array>) => (await run(values)).result!, { release });
}
