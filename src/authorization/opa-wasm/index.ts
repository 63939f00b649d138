export type { PolicyEngine } from "../policy-engines/policy-engine.js";
export { type LoadedOpaPolicy, type OpaWasmOptions, opaWasm } from "./opa-wasm.js";
