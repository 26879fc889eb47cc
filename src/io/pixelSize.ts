/** What a pixel of an electron microscope's image can measure. */

const smallest = 0.1,
  largest = 100;

/** Whether a camera, with any binning, has pixels of so many Å. */
export const isPixelSize = (angstrom: number): boolean => angstrom >= smallest && angstrom <= largest;

/** For messages. */
export const pixelSizeRange = `it must be between ${smallest} and ${largest} Å`;
