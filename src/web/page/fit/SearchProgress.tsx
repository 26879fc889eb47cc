import type { AlignStep } from "../../../evaluate/align.ts";

const steps: Record<AlignStep, string> = {
  rotations: "all rotations, both hands",
  refinement: "the likeliest more closely",
};

interface Props {
  step: AlignStep | undefined;
  done: number | undefined;
  /** What comes before the first step. */
  before: string;
}

/** What the search is at, and how far. */
export const SearchProgress = ({ step, done, before }: Props) => (
  <p class="note">
    <progress {...(done === undefined ? {} : { value: done })} max="1" aria-label="Progress of the fit" />{" "}
    {step ? steps[step] : before}
  </p>
);
