/** Colours of the axes: the frame of the slice across one, its line in the two others, its arm beside the map. */
export const planeColor = { x: "orange", y: "green", z: "blue" } as const;
