import { useMemo, useState } from "preact/hooks";
import { formatCount, formatNumber, formatResolution } from "../../../base/format.ts";
import { agreementChart, nameOfClass, sharesCharts } from "../../../charts/classCharts.ts";
import { runCurves } from "../../../charts/curves.ts";
import { fscChart, resolutionText } from "../../../charts/runCharts.ts";
import type { FscResult } from "../../../evaluate/fsc.ts";
import { contrastRange, type GrayImage } from "../../../io/grayImage.ts";
import type { ClassResult, RunEvent } from "../../../reconstruct/folder/events.ts";
import type { RunClasses, ShownClass } from "../../../reconstruct/stage.ts";
import type { RunSummary } from "../../live/source.ts";
import { Plot } from "../charts/Plot.tsx";
import { Empty, NotThere } from "../Empty.tsx";
import { GrayCanvas } from "../images/GrayCanvas.tsx";
import { offeredMapFiles } from "../map/choice.ts";
import { go, type Page } from "../page.ts";
import { classOf, starFile } from "../particles/star.ts";
import { useJson } from "../run/files.ts";
import { saveAs } from "../saveAs.ts";
import { DirectionsOf } from "../views/Directions.tsx";

/** The classes side by side; of the chosen one its particles, directions and correlation. */
export function Classes({ page, run, events }: { page: Page; run: RunSummary; events: readonly RunEvent[] }) {
  const shown = useJson<RunClasses>(page, run.id, "classes.json", events).value;
  const [chosen, choose] = useState<number>();
  const start = events.findLast((event) => event.type === "start"),
    finished = events.findLast((event) => event.type === "finished");
  const curves = useMemo(() => runCurves(events), [events]);
  const agreement = useMemo(() => shown && agreementChart(shown), [shown]);
  if (!start?.classes && !start?.junkClass)
    return (
      <Empty>
        One class. <code>--classes 3</code> looks for three structures in the images, <code>--junk-class</code> for
        images of none.
      </Empty>
    );
  const largest = shown?.classes.filter(({ junk }) => !junk).reduce((a, b) => (b.share > a.share ? b : a)),
    one = shown?.classes.find(({ number }) => number === chosen) ?? largest;
  const pick = ({ number, junk }: ShownClass): void => {
    choose(number);
    const map = offeredMapFiles(events).find(
      (file) => file === `class${number}.mrc` || file === `class${number}_half1.mrc`,
    );
    if (!junk && map) go(page, { map });
  };
  return (
    <>
      <h3>
        Classes{shown?.half === undefined ? "" : ` of half ${shown.half}`}
        {finished || !shown ? "" : ", so far"}
      </h3>
      {shown ? (
        <ul class="classes">
          {shown.classes.map((each) => (
            <li key={each.number}>
              <ClassCard
                shown={each}
                boxSize={shown.boxSize}
                result={finished?.classes?.find(({ number }) => number === each.number)}
                chosen={each.number === one?.number}
                onChoose={() => pick(each)}
              />
            </li>
          ))}
        </ul>
      ) : (
        <NotThere run={run} what="classes" comes="they are shown after each stage" />
      )}
      {shown?.half !== undefined && finished?.classes && <Joined classes={finished.classes} />}
      {shown && one && <Chosen shown={one} boxSize={shown.boxSize} />}
      {finished?.classes && (
        <Particles
          page={page}
          run={run}
          classes={finished.classes}
          chosen={shown?.half === undefined ? one : undefined}
        />
      )}
      <div class="charts">
        {sharesCharts(curves, start.junkClass === true).map((chart) => (
          <Plot key={chart.id} chart={chart} />
        ))}
        {agreement && (
          <Plot
            chart={agreement}
            note="The halves share their poses, so that they agree further than halves that are reconstructed apart."
          />
        )}
        {finished?.classes
          ?.filter(({ fsc }) => fsc !== undefined)
          .map(({ number, fsc }) => (
            <HalfMapsOf key={number} page={page} run={run} events={events} number={number} path={fsc!} />
          ))}
      </div>
      {one?.directions && (
        <>
          <h3>Viewing directions of {nameOfClass(one)}</h3>
          <DirectionsOf directions={one.directions} symmetry={one.directions.symmetry ?? "C1"} />
        </>
      )}
    </>
  );
}

interface CardProps {
  shown: ShownClass;
  boxSize: number;
  result: ClassResult | undefined;
  chosen: boolean;
  onChoose: () => void;
}

function ClassCard({ shown, boxSize, result, chosen, onChoose }: CardProps) {
  const { share, junk, projections, particles } = shown,
    name = nameOfClass(shown);
  const image = square(boxSize, projections[0] ?? particles[0]);
  return (
    <button type="button" class="class" aria-pressed={chosen} onClick={onChoose}>
      {image ? (
        <GrayCanvas
          image={image}
          range={contrastRange([image])}
          label={junk ? "an image of the junk" : `projection of ${name}`}
        />
      ) : (
        <span class="blank" />
      )}
      <strong>{name}</strong>
      <span>
        {(100 * share).toFixed(1)} %{result?.particles !== undefined && ` · ${formatCount(result.particles)}`}
      </span>
      <span class="muted">
        {result?.empty
          ? "empty"
          : result?.resolutionAngstrom === undefined
            ? junk
              ? "no map"
              : " "
            : formatResolution(result.resolutionAngstrom, result.resolutionOrBetter)}
      </span>
    </button>
  );
}

function Chosen({ shown, boxSize }: { shown: ShownClass; boxSize: number }) {
  const name = nameOfClass(shown);
  const strip = (title: string, list: readonly number[][]) => {
    const images = list.map((pixels) => square(boxSize, pixels)!);
    return (
      <div class="row">
        <h4>{title}</h4>
        <div class="strip">
          {images.map((image, i) => (
            <GrayCanvas key={i} image={image} range={contrastRange(images)} label={`${title} ${i + 1}`} />
          ))}
        </div>
      </div>
    );
  };
  return (
    <section class="chosen" aria-label={name}>
      {shown.particles.length > 0
        ? strip(`Particles of ${name}, those that are surest`, shown.particles)
        : shown.share > 0 && <Empty>Which particles are of {name} is told after a stage of refinement.</Empty>}
      {shown.projections.length > 0 && strip(`Projections of ${name} along z, y and x`, shown.projections)}
    </section>
  );
}

/** The particles of a class as a STAR file. @param chosen the class that is shown; absent: each of all */
function Particles({
  page,
  run,
  classes,
  chosen,
}: {
  page: Page;
  run: RunSummary;
  classes: readonly ClassResult[];
  chosen: { number: number } | undefined;
}) {
  const [message, setMessage] = useState("");
  const save = async (number: number) => {
    setMessage("");
    const bytes = await page.source.file(run.id, starFile);
    if (bytes) saveAs(`class${number}.star`, await classOf(bytes, number));
    else setMessage(`${starFile} is not there.`);
  };
  return (
    <div class="controls">
      {classes
        .filter(({ number }) => chosen === undefined || number === chosen.number)
        .map((each) => (
          <button
            key={each.number}
            type="button"
            disabled={each.particles === 0}
            onClick={() =>
              void save(each.number).catch((error: Error) =>
                setMessage(`${starFile} cannot be read: ${error.message}.`),
              )
            }
          >
            Download the particles of {nameOfClass(each)} (STAR)
          </button>
        ))}
      {message && (
        <p class="note" role="status">
          {message}
        </p>
      )}
    </div>
  );
}

/** With half-maps: classes of both halves, which are drawn by the numbers that they have in one. */
const Joined = ({ classes }: { classes: readonly ClassResult[] }) => (
  <p class="note">
    Joined with the other half:{" "}
    {classes
      .map(
        ({ number, junk, share, half, resolutionAngstrom }) =>
          `${nameOfClass({ number, junk })} ${(100 * share).toFixed(1)} %` +
          (half === undefined ? "" : ` in half ${half} alone`) +
          (resolutionAngstrom === undefined ? "" : `, ${formatNumber(resolutionAngstrom)} Å`),
      )
      .join("; ")}
    .
  </p>
);

function HalfMapsOf({
  page,
  run,
  events,
  number,
  path,
}: {
  page: Page;
  run: RunSummary;
  events: readonly RunEvent[];
  number: number;
  path: string;
}) {
  const fsc = useJson<FscResult>(page, run.id, path, events).value;
  const chart = useMemo(
    () => fsc && { ...fscChart(fsc), id: `fsc-${number}`, title: `Half-maps of class ${number}` },
    [fsc, number],
  );
  return chart ? <Plot chart={chart} note={resolutionText(fsc!)} /> : null;
}

const square = (boxSize: number, pixels: number[] | undefined): GrayImage | undefined =>
  pixels && { width: boxSize, height: boxSize, pixels };
