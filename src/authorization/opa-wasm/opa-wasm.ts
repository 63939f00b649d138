import { isArrayBuffer, isUint8Array } from "node:util/types";
import { ignoreOutcome } from "../../core/calls/follow.js";
import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import { type OptionsReader, readOptions } from "../../core/options/options-reader.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { isPlainObject } from "../../core/options/value.js";
import { allowOf } from "../http-engines/opa.js";
import { loadPeer } from "../policy-engines/load-peer.js";
import {
  type PolicyEngine,
  type PolicyInput,
  readEngineName,
} from "../policy-engines/policy-engine.js";
import { PolicyOutage } from "../policy-engines/policy-outage.js";
import { jsonCopy, sendable } from "../policy-engines/sendable.js";

/** What is used of a policy that `loadPolicy` of `@open-policy-agent/opa-wasm` made. */
export interface LoadedOpaPolicy {
  evaluate(input: unknown, entrypoint?: string | number): unknown;
  readonly entrypoints?: unknown;
}

/** Options of {@link opaWasm}. */
export interface OpaWasmOptions {
  /**
   * The bytes of a `policy.wasm`, as `opa build -t wasm` makes it, or a policy that `loadPolicy` of the package loaded,
   * which may have built-in functions of its own.
   */
  readonly policy: Uint8Array | ArrayBuffer | LoadedOpaPolicy;
  /** The document that decides, as it was named to `opa build -e`. @default the first one of the policy */
  readonly entrypoint?: string | undefined;
  /** What the policy reads as `data`: JSON. Only beside bytes: a loaded policy has `setData`. @default none */
  readonly data?: Readonly<Record<string, unknown>> | undefined;
  /** The name in decisions and in the route audit. @default "opaWasm" */
  readonly name?: string | undefined;
}

const KEYS: OptionKeys<OpaWasmOptions> = {
  policy: "neverUndefined",
  entrypoint: "neverUndefined",
  data: "neverUndefined",
  name: true,
};
/** What else the options are called. */
export const OPA_WASM_HINTS: Hints<OpaWasmOptions> = {
  wasm: "policy",
  path: 'write entrypoint: "httpapi/authz/allow"',
};

/**
 * Policies of Open Policy Agent that were compiled to WebAssembly and run in this process:
 * `opaWasm({ policy: readFileSync("policy.wasm"), entrypoint: "httpapi/authz/allow" })`.
 *
 * It needs the package `@open-policy-agent/opa-wasm`, unless the policy is loaded already. The document is `true`, or an
 * object whose `allow` is `true`: yes. `false`, or undefined: no. Everything else, and an error of the evaluation, is
 * 503 `policy_unavailable`. It answers at once, and holds up the process as long as the policy runs.
 *
 * @throws {@link OptionsError} when an option is wrong, the policy cannot be loaded or the package is missing.
 */
export function opaWasm(options: OpaWasmOptions): PolicyEngine {
  assertNotMounted(
    "opaWasm",
    options,
    'authorize(policy(opaWasm({ policy: readFileSync("policy.wasm") }), …))',
  );
  const reader = readOptions<OpaWasmOptions>("opaWasm", options, KEYS, OPA_WASM_HINTS);
  const name = readEngineName(reader, "opaWasm");
  const entrypoint = reader.string("entrypoint");
  const loaded = readPolicy(reader);
  const { entrypoints } = loaded ?? {};
  if (entrypoint !== undefined && isPlainObject(entrypoints)) {
    if (!Object.hasOwn(entrypoints, entrypoint)) {
      reader.problem("entrypoint", "one that the policy was built with: opa build -e");
    }
  }
  reader.finish();

  return Object.freeze({
    name,
    decide(input: PolicyInput) {
      const asked = sendable(name, input);
      let allow: boolean | undefined;
      try {
        const results = loaded?.evaluate(asked, entrypoint ?? 0);
        // A promise is no result; its rejection must not end the process.
        ignoreOutcome(results);
        allow = allowIn(results);
      } catch (error) {
        throw new PolicyOutage("evaluation_failed", `${name} cannot evaluate`, { cause: error });
      }
      if (allow !== undefined) return { allow };
      throw new PolicyOutage("evaluation_failed", `${name} says neither yes nor no`);
    },
  });
}

/** No result at all: the document is undefined. */
function allowIn(results: unknown): boolean | undefined {
  if (!Array.isArray(results) || results.length > 1) return undefined;
  const [first] = results as readonly unknown[];
  if (results.length === 0) return false;
  return isPlainObject(first) ? allowOf(first) : undefined;
}

function readPolicy(reader: OptionsReader<keyof OpaWasmOptions>): LoadedOpaPolicy | undefined {
  const policy = reader.raw("policy");
  const data = reader.raw("data");
  if (data !== undefined && !isPlainObject(data)) reader.problem("data", "a plain object");
  if (isUint8Array(policy) || isArrayBuffer(policy)) return load(reader, policy, data);
  if (isLoaded(policy)) {
    if (data !== undefined) {
      reader.note("data", "has no effect beside a loaded policy: call its setData(…)");
    }
    return policy;
  }
  reader.problem("policy", 'the bytes of a policy.wasm, as in readFileSync("policy.wasm")');
  return undefined;
}

function isLoaded(policy: unknown): policy is LoadedOpaPolicy {
  return (
    typeof policy === "object" &&
    policy !== null &&
    typeof (policy as Partial<LoadedOpaPolicy>).evaluate === "function"
  );
}

function load(
  reader: OptionsReader<keyof OpaWasmOptions>,
  bytes: Uint8Array | ArrayBuffer,
  data: unknown,
): LoadedOpaPolicy | undefined {
  const peer = loadPeer(
    reader.problems,
    "opaWasm",
    "@open-policy-agent/opa-wasm",
    () => require("@open-policy-agent/opa-wasm") as typeof import("@open-policy-agent/opa-wasm"),
  );
  if (peer === undefined) return undefined;
  try {
    const loaded = peer.loadPolicySync(bytes as never);
    if (isPlainObject(data)) setData(reader, loaded, data);
    return loaded;
  } catch {
    reader.problem("policy", "the bytes of a policy.wasm, as opa build -t wasm makes it");
    return undefined;
  }
}

function setData(
  reader: OptionsReader<keyof OpaWasmOptions>,
  policy: { setData(data: object): void },
  data: object,
): void {
  let copy: object;
  try {
    copy = jsonCopy(data, "opaWasm.data");
  } catch {
    reader.note("data", "must hold nothing but JSON");
    return;
  }
  policy.setData(copy);
}
