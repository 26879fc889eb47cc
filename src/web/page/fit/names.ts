/** Files that hold a map; all others are taken for atomic models. */
export const isMapFile = (name: string): boolean => /\.(mrc|map|ccp4)(\.gz)?$/i.test(name);
