/**
 * The map in three dimensions: a thin layer over Mol*'s canvas, which knows nothing of the page. Å everywhere; the
 * centre of the box, voxel floor(n/2), is the origin.
 */
import type { Camera } from "molstar/lib/mol-canvas3d/camera.js";
import { Canvas3D, Canvas3DContext, DefaultCanvas3DParams } from "molstar/lib/mol-canvas3d/canvas3d.js";
import { resizeCanvas } from "molstar/lib/mol-canvas3d/util.js";
import { isPositionLocation } from "molstar/lib/mol-geo/util/location-iterator.js";
import { Mat4, Quat, Tensor, Vec3 } from "molstar/lib/mol-math/linear-algebra.js";
import { CustomProperties } from "molstar/lib/mol-model/custom-property.js";
import { Grid, Volume } from "molstar/lib/mol-model/volume.js";
import type { Representation } from "molstar/lib/mol-repr/representation.js";
import { IsosurfaceRepresentationProvider } from "molstar/lib/mol-repr/volume/isosurface.js";
import { SliceRepresentationProvider } from "molstar/lib/mol-repr/volume/slice.js";
import { SyncRuntimeContext } from "molstar/lib/mol-task/execution/synchronous.js";
import { ColorTheme } from "molstar/lib/mol-theme/color.js";
import { SizeTheme } from "molstar/lib/mol-theme/size.js";
import { AssetManager } from "molstar/lib/mol-util/assets.js";
import { Color } from "molstar/lib/mol-util/color/index.js";
import { mapLevels } from "../../../charts/mapLevels.ts";
import { type Axis, axes } from "../address.ts";
import { framesOnDemand } from "./frames.ts";
import type { MapGrid } from "./grid.ts";
import type { Legend } from "./legend.ts";
import { acrossAxis, greyRange, placeOfVoxel, voxelAt, voxelsAlong } from "./planes.ts";
import { thinned } from "./thinned.ts";
import { sameView, type View } from "./view.ts";

export interface MapDisplay {
  /** What the map is of: another one is framed anew. */
  of?: string;
  map?: MapGrid;
  /** Contour level, in sigma above the mean. */
  levelSigma: number;
  /** A plane across an axis, Å from the box centre: what lies on the viewer's side is taken away, the cut is grey. */
  cut?: { axis: Axis; placeAngstrom: number };
  /** Colours as 0xrrggbb. */
  surface: number;
  /** Of a second surface, as far below the mean as the level is above it. */
  below?: number;
  background: number;
  /** Of the surface, 0 to 1. */
  opacity: number;
  spin: boolean;
}

export interface MapScene {
  /**
   * Called as often as one likes: what is asked for while a surface is being computed waits, and only the last of it is
   * done.
   */
  show(display: MapDisplay): void;
  /** Atoms, or another map, over the map; `undefined` takes them away. */
  showOver(over: Representation.Any | undefined): void;
  /** Another map at its own default level, to be shown over this one: its centre on the centre. */
  surfaceOf(map: MapGrid, color: number): Promise<Representation.Any>;
  /** Turn about the axes of the screen, radians. */
  turn(aboutUp: number, aboutRight: number): void;
  /** Above 1: nearer. */
  zoom(factor: number): void;
  resetView(): void;
  view(): View;
  setView(view: View): void;
  /** @returns a function that ends it */
  onView(listener: (view: View) => void): () => void;
  /** Calls back with the legend of what is drawn, whenever it or the canvas changes. @returns what ends it */
  onLegend(listener: (legend: Legend) => void): () => void;
  legend(): Legend;
  /** What is on the screen, twice as wide and high. */
  picture(): Promise<ImageData>;
  readonly context: {
    webgl: Canvas3D["webgl"];
    colorThemeRegistry: ColorTheme.Registry;
    sizeThemeRegistry: SizeTheme.Registry;
  };
  dispose(): void;
}

/**
 * A surface that takes longer is drawn from every second, third … voxel, at most so many along an edge, while the level
 * moves, and whole again when it has rested for so long.
 */
const slowMs = 60,
  coarseVoxels = 43,
  restMs = 300;
/** Without a graphics card it is drawn in so many of the screen's pixels along an edge. */
const movingScale = 1 / 2;

/** One turn in 16 seconds. */
const spinTurnsPerSecond = 1 / 16;

/** @throws Error where the browser has no WebGL */
export function createScene(canvas: HTMLCanvasElement, onError: (error: Error) => void): MapScene {
  const assets = new AssetManager();
  const canvasContext = Canvas3DContext.fromCanvas(canvas, assets, { antialias: true });
  const fill = () => resizeCanvas(canvas, canvas.parentElement!, canvasContext.pixelScale);
  /** How many pixels are drawn for one of the screen, along an edge. */
  const setScale = (pixelScale: number) => {
    if (pixelScale === canvasContext.props.pixelScale) return;
    canvasContext.setProps({ pixelScale });
    fill();
    canvas3d.requestResize();
  };
  fill();
  const canvas3d = Canvas3D.create(canvasContext, {
    camera: {
      ...Canvas3DDefaults().camera,
      mode: "orthographic",
      manualReset: true,
      helper: { axes: { name: "off", params: {} } },
    },
    cameraFog: { name: "off", params: {} },
    multiSample: { ...Canvas3DDefaults().multiSample, mode: "off" },
  });
  const software = isSoftware(canvas3d.webgl.gl);
  if (software)
    canvas3d.setProps({ postprocessing: { occlusion: { name: "off", params: {} } }, hiZ: { enabled: false } });
  const frames = framesOnDemand(canvas3d);
  const context = {
    webgl: canvas3d.webgl,
    colorThemeRegistry: ColorTheme.createRegistry(),
    sizeThemeRegistry: SizeTheme.createRegistry(),
  };
  const isosurface = () =>
    IsosurfaceRepresentationProvider.factory(context, IsosurfaceRepresentationProvider.getParams);
  const surface = isosurface(),
    surfaceBelow = isosurface();
  const slice = SliceRepresentationProvider.factory(context, SliceRepresentationProvider.getParams);
  let over: Representation.Any | undefined;

  let wanted: MapDisplay | undefined;
  let shown: MapDisplay | undefined;
  let volume: Volume | undefined;
  /** What stands for it while the level moves; made where its surface is slow. */
  let coarse: Volume | undefined;
  let surfaceMs = 0;
  let refine = false;
  /** Runs while the coarse surface is seen. */
  let refining: ReturnType<typeof setTimeout> | undefined;
  /** The camera has been put before the first map. */
  let framed = false;
  let busy = false;
  let disposed = false;
  /** Made for the first picture. */
  let pass: ReturnType<typeof canvas3d.getImagePass> | undefined;

  const work = async () => {
    busy = true;
    clearTimeout(refining);
    while (wanted && !disposed) {
      const display = wanted;
      wanted = undefined;
      await apply(display);
      shown = display;
    }
    busy = false;
  };
  const start = () => {
    if (busy) return;
    work().catch((error: Error) => {
      busy = false;
      onError(error);
    });
  };

  const apply = async (display: MapDisplay) => {
    if (display.background !== shown?.background || display.spin !== shown.spin) {
      canvas3d.setProps({
        renderer: { backgroundColor: Color(display.background) },
        trackball: {
          animate: display.spin ? { name: "spin", params: { speed: spinTurnsPerSecond } } : { name: "off", params: {} },
        },
      });
    }
    const { map } = display;
    if (display.of !== shown?.of) framed = false;
    if (!map) {
      for (const part of [surface, surfaceBelow, slice]) canvas3d.remove(part);
      if (!shown) await drawSurface(surface, toVolume(speck), { ...display, map: speck }, 1, display.background);
      return frames.draw();
    }
    const newMap = map !== shown?.map;
    if (newMap) {
      volume = toVolume(map);
      coarse = undefined;
    }
    const { cut } = display,
      newAxis = cut?.axis !== shown?.cut?.axis;
    if (!framed || (cut && newAxis)) resetView(map, cut?.axis);
    const newCut = newAxis || cut?.placeAngstrom !== shown?.cut?.placeAngstrom;
    const newLevel = newMap || newCut || display.levelSigma !== shown?.levelSigma;
    const edge = Math.max(...map.shape),
      rough = newLevel && !newMap && !newCut && surfaceMs > slowMs && edge > coarseVoxels;
    if (rough) {
      if (software) setScale(movingScale);
      coarse ??= everyVoxel(map, Math.ceil(edge / coarseVoxels));
      await drawSurfaces(coarse, display);
      refining = setTimeout(() => {
        refine = true;
        wanted ??= display;
        start();
      }, restMs);
    } else if (newLevel || refine || colorsOf(display) !== (shown && colorsOf(shown))) {
      const from = performance.now();
      await drawSurfaces(volume!, display);
      surfaceMs = performance.now() - from;
      refine = false;
      setScale(1);
    }
    if (newLevel) await drawSlice(map, display);
    frames.draw();
  };

  const uniform = (volume: Volume, color: number) => ({
    color: context.colorThemeRegistry.create("uniform", { volume }, { value: Color(color) }),
    size: context.sizeThemeRegistry.create("uniform", { volume }),
  });

  const drawSurfaces = async (of: Volume, display: MapDisplay) => {
    const { levelSigma, surface: color, below } = display;
    await drawSurface(surface, of, display, levelSigma, color);
    if (below === undefined) canvas3d.remove(surfaceBelow);
    else await drawSurface(surfaceBelow, of, display, -levelSigma, below);
  };

  const drawSurface = async (
    part: typeof surface,
    of: Volume,
    { map, cut, opacity }: MapDisplay,
    levelSigma: number,
    color: number,
  ) => {
    part.setTheme(uniform(of, color));
    await part
      .createOrUpdate(
        {
          ...IsosurfaceRepresentationProvider.defaultValues,
          isoValue: levelOf(map!, levelSigma),
          alpha: opacity,
          tryUseGpu: !software,
          clip: cut ? cutAt(map!, cut) : noCut,
        },
        of,
      )
      .run();
    part.setState({ pickable: false });
    canvas3d.add(part);
  };

  /** The cut is closed where density is above the level. */
  const drawSlice = async (map: MapGrid, { cut, levelSigma }: MapDisplay) => {
    if (!cut) return canvas3d.remove(slice);
    const { right, up } = acrossAxis[cut.axis];
    // Mol* lays the image from voxel 0 to voxel n where its outermost pixels end half a voxel before and behind.
    const of = toVolume(map, { [right]: -0.5, [up]: -0.5 });
    slice.setTheme({ color: greyTheme(of, map), size: context.sizeThemeRegistry.create("uniform", { volume: of }) });
    await slice
      .createOrUpdate(
        {
          ...SliceRepresentationProvider.defaultValues,
          isoValue: levelOf(map, levelSigma),
          dimension: { name: cut.axis, params: voxelAt(map, cut.axis, cut.placeAngstrom) },
        },
        of,
      )
      .run();
    slice.setState({ pickable: false });
    canvas3d.add(slice);
  };

  const { camera } = canvas3d;
  const look = (from: Partial<Camera.Snapshot>) => {
    camera.setState(from, 0);
    frames.draw();
  };
  const moveAway = (factor: number, radius = camera.state.radius) => {
    const { position, target } = camera.state;
    const eye = Vec3.sub(Vec3(), position, target);
    look({ position: Vec3.scaleAndAdd(Vec3(), target, eye, factor), radius });
  };
  /** The whole map from above, or a cut straight on with its whole plane. */
  const resetView = (map: MapGrid, cut?: Axis) => {
    framed = true;
    const edge = Math.max(...map.shape) * map.pixelSizeAngstrom,
      axis = cut ?? "z";
    const away = Vec3.scale(Vec3(), unit[axis], -acrossAxis[axis].towardsViewer);
    look({
      ...camera.getInvariantFocus(Vec3.zero(), (cut ? 0.52 : 0.42) * edge, unit[acrossAxis[axis].up], away),
      radiusMax: edge,
    });
  };

  /** As wide as high, or less: what is framed has to fit the narrower side. */
  const narrowness = () => Math.min(1, canvas.clientWidth / canvas.clientHeight);
  let fitted = narrowness();
  const resize = new ResizeObserver(() => {
    fill();
    canvas3d.requestResize();
    frames.draw();
    const now = narrowness();
    if (now > 0 && fitted > 0 && now !== fitted) moveAway(fitted / now);
    if (now > 0) fitted = now;
  });
  resize.observe(canvas.parentElement!);

  return {
    context,
    show: (display) => {
      wanted = display;
      start();
    },
    showOver: (next) => {
      if (over) canvas3d.remove(over);
      over = next;
      if (over) canvas3d.add(over);
      frames.draw();
    },
    surfaceOf: async (map, color) => {
      const part = isosurface(),
        of = toVolume(map);
      part.setTheme(uniform(of, color));
      await part
        .createOrUpdate(
          {
            ...IsosurfaceRepresentationProvider.defaultValues,
            isoValue: levelOf(map, map.statistics.defaultLevelSigma),
            tryUseGpu: !software,
          },
          of,
        )
        .run();
      part.setState({ pickable: false });
      return part;
    },
    turn: (aboutUp, aboutRight) => {
      const { position, target, up } = camera.state;
      const eye = Vec3.sub(Vec3(), position, target);
      const right = Vec3.normalize(Vec3(), Vec3.cross(Vec3(), up, eye));
      const rotation = Quat.multiply(
        Quat(),
        Quat.setAxisAngle(Quat(), up, aboutUp),
        Quat.setAxisAngle(Quat(), right, aboutRight),
      );
      Vec3.transformQuat(eye, eye, rotation);
      look({ position: Vec3.add(Vec3(), target, eye), up: Vec3.transformQuat(Vec3(), up, rotation) });
    },
    zoom: (factor) => moveAway(1 / factor, camera.state.radius / factor),
    resetView: () => {
      if (shown?.map) resetView(shown.map, shown.cut?.axis);
    },
    view: () => viewOf(camera),
    setView: (view) => {
      framed = true;
      look(view);
    },
    onView: (listener) => {
      let last = viewOf(camera);
      const subscription = canvas3d.didDraw.subscribe(() => {
        const now = viewOf(camera);
        if (sameView(last, now)) return;
        last = now;
        listener(now);
      });
      return () => subscription.unsubscribe();
    },
    onLegend: (listener) => {
      let last = "";
      const subscription = canvas3d.didDraw.subscribe(() => {
        const legend = legendOf(camera, canvasContext.props.pixelScale),
          now = JSON.stringify([legend, canvas.clientWidth, canvas.clientHeight]);
        if (now === last || !shown?.map) return;
        last = now;
        listener(legend);
      });
      frames.draw();
      return () => subscription.unsubscribe();
    },
    legend: () => legendOf(camera, canvasContext.props.pixelScale),
    picture: async () => {
      pass ??= canvas3d.getImagePass({
        cameraHelper: { axes: { name: "off", params: {} } },
        multiSample: { ...Canvas3DDefaults().multiSample, mode: "on", sampleLevel: 2 },
      });
      pass.setProps({ renderer: canvas3d.props.renderer, postprocessing: canvas3d.props.postprocessing });
      const { pixelScale } = canvasContext.props;
      return pass.getImageData(
        SyncRuntimeContext,
        Math.round((2 * canvas.width) / pixelScale),
        Math.round((2 * canvas.height) / pixelScale),
      );
    },
    dispose: () => {
      disposed = true;
      frames.end();
      clearTimeout(refining);
      resize.disconnect();
      canvas3d.dispose();
      canvasContext.dispose();
      assets.dispose();
    },
  };
}

const colorsOf = ({ surface, below, opacity }: MapDisplay): string => [surface, below, opacity].join();

const levelOf = ({ statistics: { mean, sigma } }: MapGrid, levelSigma: number) =>
  Volume.IsoValue.absolute(mean + levelSigma * sigma);

/** Drawn, too small to be seen, while there is no map yet: what surfaces are drawn by is compiled meanwhile. */
const inTheMiddle = Float32Array.from({ length: 27 }, (_, i) => (i === 13 ? 1 : 0)),
  speck: MapGrid = {
    data: inTheMiddle,
    shape: [3, 3, 3],
    pixelSizeAngstrom: 1e-6,
    originAngstrom: [0, 0, 0],
    statistics: mapLevels(inTheMiddle),
  };

const noCut = { variant: "pixel" as const, objects: [] };

const unit = { x: Vec3.create(1, 0, 0), y: Vec3.create(0, 1, 0), z: Vec3.create(0, 0, 1) };

/** Takes away what lies on the viewer's side of the plane. Mol*'s plane looks along +y before it is turned. */
function cutAt(map: MapGrid, { axis, placeAngstrom }: { axis: Axis; placeAngstrom: number }) {
  const place = placeOfVoxel(map, axis, voxelAt(map, axis, placeAngstrom));
  const turn = {
    x: { axis: unit.z, angle: -90 },
    y: { axis: unit.x, angle: 180 },
    z: { axis: unit.x, angle: 90 },
  }[axis];
  return {
    variant: "pixel" as const,
    objects: [
      {
        type: "plane" as const,
        invert: false,
        position: Vec3.scale(Vec3(), unit[axis], place),
        rotation: turn,
        scale: Vec3.create(1, 1, 1),
        transform: Mat4.identity(),
      },
    ],
  };
}

/**
 * Without a graphics card (remote desktops, virtual machines) surfaces are better computed by the script, and shading
 * has to be plain.
 */
function isSoftware(gl: Canvas3D["webgl"]["gl"]): boolean {
  const extension = gl.getExtension("WEBGL_debug_renderer_info");
  return (
    extension !== null &&
    /swiftshader|llvmpipe|softpipe|software|basic render/i.test(
      String(gl.getParameter(extension.UNMASKED_RENDERER_WEBGL)),
    )
  );
}

const Canvas3DDefaults = () => structuredClone(DefaultCanvas3DParams);

function viewOf({ state }: Camera): View {
  const { position, target, up, radius, radiusMax } = state;
  return { position: Vec3.clone(position), target: Vec3.clone(target), up: Vec3.clone(up), radius, radiusMax };
}

/** @param pixelScale of the canvas: pixels for one of the screen */
function legendOf(camera: Camera, pixelScale: number): Legend {
  const { position, target, up } = camera.state;
  const back = Vec3.normalize(Vec3(), Vec3.sub(Vec3(), position, target)),
    right = Vec3.normalize(Vec3(), Vec3.cross(Vec3(), up, back)),
    above = Vec3.cross(Vec3(), back, right);
  return {
    angstromPerPixel: camera.getPixelSize(target) * devicePixelRatio * pixelScale,
    axes: Object.fromEntries(
      axes.map((axis, i) => [axis, [right[i]!, above[i]!] as const]),
    ) as unknown as Legend["axes"],
  };
}

/** Mol*'s volume around our values, x fastest as they are. @param aside voxels by which it is moved */
function toVolume(map: MapGrid, { x = 0, y = 0, z = 0 }: { [axis in Axis]?: number } = {}): Volume {
  const [nz, ny, nx] = map.shape;
  const { min, max, mean, sigma } = map.statistics;
  const matrix = Mat4.fromScaling(
    Mat4(),
    Vec3.create(map.pixelSizeAngstrom, map.pixelSizeAngstrom, map.pixelSizeAngstrom),
  );
  Mat4.translate(matrix, matrix, Vec3.create(x - Math.floor(nx / 2), y - Math.floor(ny / 2), z - Math.floor(nz / 2)));
  const grid: Grid = {
    transform: { kind: "matrix", matrix },
    cells: Tensor.create(Tensor.Space([nx, ny, nz], [2, 1, 0], Float32Array), Tensor.Data1(map.data)),
    stats: { min, max, mean, sigma },
  };
  return {
    ...Volume.One,
    grid,
    instances: [{ transform: Mat4.identity() }],
    customProperties: new CustomProperties(),
    _propertyData: Object.create(null) as Volume["_propertyData"],
  };
}

/** Mol*'s volume of every `step`-th voxel, each where it was. */
function everyVoxel(map: MapGrid, step: number): Volume {
  const thin = thinned(map, step);
  const aside = (axis: Axis) => Math.floor(voxelsAlong(thin, axis) / 2) - Math.floor(voxelsAlong(map, axis) / 2) / step;
  return toVolume({ ...thin, statistics: map.statistics }, { x: aside("x"), y: aside("y"), z: aside("z") });
}

/** The grey of the slices beside the map. */
function greyTheme(volume: Volume, { statistics }: MapGrid): ColorTheme<Record<string, never>, "vertex"> {
  const valueAt = Grid.makeGetTrilinearlyInterpolated(volume.grid, "none");
  const [low, high] = greyRange(statistics);
  const factory = () => greyTheme(volume, { statistics } as MapGrid);
  return {
    factory,
    granularity: "vertex",
    props: {},
    description: "density as grey",
    color: (location) => {
      const value = isPositionLocation(location) ? valueAt(location.position) : low;
      const grey = Math.round(255 * Math.min(1, Math.max(0, (value - low) / (high - low))));
      return Color.fromRgb(grey, grey, grey);
    },
  };
}
