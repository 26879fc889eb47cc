/**
 * Execution of tensor programs by ONNX Runtime, the choice of the device, and random streams that can be stopped and
 * resumed.
 *
 * @module
 */
export { type ChosenDevice, chooseDevice, type Device, type DeviceName } from "./device.ts";
export type { DeviceRequest } from "./deviceNames.ts";
export type { OnnxRuntime } from "./onnxRuntime.ts";
export { nodeCpu, nodeRuntime } from "./onnxRuntimeNode.ts";
export type { Program, Values } from "./program.ts";
export { createStream, type RandomStream } from "./random.ts";
export { compile, type Executable } from "./session.ts";
