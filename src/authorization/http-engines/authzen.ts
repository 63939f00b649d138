import { FunctionFailure } from "../../core/calls/function-failure.js";
import { readOptions } from "../../core/options/options-reader.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import type { PolicyEngine } from "../policy-engines/policy-engine.js";
import { createHttpEngine } from "./http-engine.js";
import {
  HTTP_ENGINE_HINTS,
  HTTP_ENGINE_KEYS,
  type HttpEngineOptions,
  readHttpEngine,
} from "./http-engine-options.js";

const PATH = "/access/v1/evaluation";

/**
 * A policy engine that speaks AuthZEN, such as Cerbos, Topaz or Keycloak: `authzen({ url: "https://pdp.example.com" })`.
 *
 * It asks `POST <url>/access/v1/evaluation`, with the id of the request as `X-Request-ID`. Only status 200 with `decision`
 * exactly `true` or `false` is a decision. Everything else, and no answer in time, is 503 `policy_unavailable`.
 *
 * @throws {@link OptionsError} when an option is wrong.
 * @see https://openid.net/specs/authorization-api-1_0.html
 */
export function authzen(options: HttpEngineOptions): PolicyEngine {
  assertNotMounted(
    "authzen",
    options,
    'authorize(policy(authzen({ url: "https://pdp.example.com" }), …))',
  );
  const reader = readOptions<HttpEngineOptions>(
    "authzen",
    options,
    HTTP_ENGINE_KEYS,
    HTTP_ENGINE_HINTS,
  );
  const settings = readHttpEngine(reader, "authzen");
  reader.finish();

  const base = (settings.url?.href ?? "").replace(/\/+$/, "");
  return createHttpEngine(settings, {
    factory: "authzen",
    url: base.endsWith(PATH) ? base : `${base}${PATH}`,
    toBody(input) {
      if (input.resource.id !== undefined) return input;
      const missing = new TypeError("AuthZEN needs a resource.id");
      throw new FunctionFailure(`policy(${settings.name})`, "wrong_return", missing);
    },
    parse(answer) {
      const decision = Object.hasOwn(answer, "decision") ? answer["decision"] : undefined;
      return typeof decision === "boolean" ? { allow: decision } : undefined;
    },
  });
}
