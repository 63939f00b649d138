import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import { readOptions } from "../../core/options/options-reader.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { isPlainObject } from "../../core/options/value.js";
import type { PolicyEngine } from "../policy-engines/policy-engine.js";
import { createHttpEngine } from "./http-engine.js";
import {
  HTTP_ENGINE_HINTS,
  HTTP_ENGINE_KEYS,
  type HttpEngineOptions,
  readHttpEngine,
} from "./http-engine-options.js";

/** Options of {@link opa}. */
export interface OpaOptions extends HttpEngineOptions {
  /** The document that decides, as a path below `/v1/data`: `"httpapi/authz/allow"` for `data.httpapi.authz.allow`. */
  readonly path: string;
}

const KEYS: OptionKeys<OpaOptions> = { ...HTTP_ENGINE_KEYS, path: "neverUndefined" };
/** What else the options are called. */
export const OPA_HINTS: Hints<OpaOptions> = {
  ...HTTP_ENGINE_HINTS,
  package: 'write path: "httpapi/authz/allow"',
  rule: 'write path: "httpapi/authz/allow"',
};

/**
 * Open Policy Agent, asked over its REST API: `opa({ url: "http://127.0.0.1:8181", path: "httpapi/authz/allow" })`.
 *
 * It asks `POST <url>/v1/data/<path>` with `{ "input": … }`. The document is `true`, or an object whose `allow` is `true`:
 * yes. `false`, or undefined: no. Everything else, and no answer in time, is 503 `policy_unavailable`.
 *
 * @throws {@link OptionsError} when an option is wrong.
 * @see https://www.openpolicyagent.org/docs/rest-api#get-a-document-with-input
 */
export function opa(options: OpaOptions): PolicyEngine {
  assertNotMounted(
    "opa",
    options,
    'authorize(policy(opa({ url: "http://127.0.0.1:8181", path: "httpapi/authz/allow" }), …))',
  );
  const reader = readOptions<OpaOptions>("opa", options, KEYS, OPA_HINTS);
  const settings = readHttpEngine(reader, "opa");
  const path = reader.string("path", { required: true }) ?? "";
  if (path !== "" && !/^[\w-]+(?:\/[\w-]+)*$/.test(path)) {
    reader.problem("path", 'names with / between them, such as "httpapi/authz/allow"');
  }
  reader.finish();

  const base = (settings.url?.href ?? "").replace(/\/+$/, "");
  return createHttpEngine(settings, {
    factory: "opa",
    url: `${base}/v1/data/${path}`,
    toBody: (input) => ({ input }),
    parse(answer) {
      const allow = allowOf(answer);
      if (allow === undefined) return undefined;
      const decisionId = Object.hasOwn(answer, "decision_id") ? answer["decision_id"] : undefined;
      return typeof decisionId === "string" ? { allow, decisionId } : { allow };
    },
  });
}

/**
 * What a document of Rego says. No document, or one without `allow`: the policy does not say yes, so it is a no.
 *
 * @param answer - Holds the document as `result`, when it is defined.
 * @returns `undefined` when it is neither yes nor no.
 */
export function allowOf(answer: Readonly<Record<string, unknown>>): boolean | undefined {
  if (!Object.hasOwn(answer, "result")) return false;
  const { result } = answer;
  if (typeof result === "boolean") return result;
  if (!isPlainObject(result)) return undefined;
  if (!Object.hasOwn(result, "allow")) return false;
  const { allow } = result;
  return typeof allow === "boolean" ? allow : undefined;
}
