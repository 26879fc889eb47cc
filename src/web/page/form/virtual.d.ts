declare module "virtual:reconstruct-fields" {
  export const fields: import("./fields.ts").FormField[];
}
