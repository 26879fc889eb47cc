import { useMemo } from "preact/hooks";
import type { ParticleSummary } from "../../../reconstruct/measure/particleSummary.ts";
import type { Thumbnails } from "../../../reconstruct/measure/thumbnails.ts";
import type { RunForm } from "../../live/source.ts";
import { GrayCanvas } from "../images/GrayCanvas.tsx";
import { type Looked, planFor, valueIn } from "./inspection.ts";
import { factsOf, maskCircle, planWords, warningsOf } from "./words.ts";

/** What is in the particle file of a form. @param form as it was left, filled in */
export function Inspected({ looked, form }: { looked: Looked; form: RunForm }) {
  const { inspection, unseen, busy } = looked;
  const plan = useMemo(() => inspection && planFor(inspection, form), [inspection, form]);
  const state = busy ? "Looking at the particles…" : unseen && `${unseen[0]!.toUpperCase()}${unseen.slice(1)}.`;
  return (
    <div class="inspected">
      <p class="note" role="status">
        {state}
      </p>
      {inspection && (
        <>
          <dl>
            {factsOf(inspection.summary).map(([name, told]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{told}</dd>
              </div>
            ))}
            {plan && (
              <div class="wide">
                <dt>This run</dt>
                <dd>{planWords(plan, form.timeLimit !== undefined)}</dd>
              </div>
            )}
          </dl>
          {warningsOf(inspection.summary).map((warning) => (
            <p key={warning} class="problem">
              {warning}
            </p>
          ))}
          {inspection.thumbnails && (
            <Images
              summary={inspection.summary}
              thumbnails={inspection.thumbnails}
              diameter={valueIn(form, "maskDiameter")}
            />
          )}
        </>
      )}
    </div>
  );
}

interface ImagesProps {
  summary: ParticleSummary;
  thumbnails: Thumbnails;
  /** Of the mask, if one is asked for, Å. */
  diameter: number | undefined;
}

function Images({ summary, thumbnails, diameter }: ImagesProps) {
  const { size, bin, images } = thumbnails,
    { centre, radius, told } = maskCircle(summary, thumbnails, diameter);
  const small = useMemo(() => images.map((pixels) => ({ width: size, height: size, pixels })), [thumbnails]);
  return (
    <figure>
      <div class="strip dense">
        {small.map((image, i) => (
          <div class="masked" key={i}>
            <GrayCanvas image={image} range={[0, 255]} label={`particle ${i + 1} of ${images.length} shown`} />
            <svg viewBox={`0 0 ${size} ${size}`} aria-hidden="true">
              <circle cx={centre} cy={centre} r={radius} />
            </svg>
          </div>
        ))}
      </div>
      <figcaption>
        Particles from all over the file{bin > 1 ? `, ${bin} × ${bin} pixels averaged` : ""}, each with its own grey
        scale; the circle is the {told}.
      </figcaption>
    </figure>
  );
}
