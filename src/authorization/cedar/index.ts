export type { PolicyEngine } from "../policy-engines/policy-engine.js";
export { type CedarEntity, type CedarOptions, cedar } from "./cedar.js";
