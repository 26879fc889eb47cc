/** Where to compute, as asked for. Without the runtime, as the help of a command loads this file. */
export const deviceNames = ["auto", "cpu", "cuda", "webgpu", "dml"] as const;
export type DeviceRequest = (typeof deviceNames)[number];
