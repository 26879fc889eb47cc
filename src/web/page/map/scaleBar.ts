/** The longest of 1, 2, 5, 10, 20, 50 … Å that is at most a third of what is seen. */
export function scaleBarAngstrom(seenAngstrom: number): number {
  const most = seenAngstrom / 3,
    power = 10 ** Math.floor(Math.log10(most));
  return power * [5, 2, 1].find((step) => step * power <= most * (1 + 1e-9))!;
}
