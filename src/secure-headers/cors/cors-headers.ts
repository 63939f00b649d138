import cors from "cors";
import { recordHeaders } from "../headers/header-recorder.js";
import type { CorsSettings } from "./cors-options.js";

/** Names and values, in order. */
export type HeaderFields = readonly (readonly [name: string, value: string])[];

/** An origin of nobody (RFC 6761 §6.4): which origins count is never the package's decision. */
const NOBODY = "https://origin.invalid";
/** Decided per request. */
const DECIDED_HERE = ["Access-Control-Allow-Origin", "Vary"];

/** The headers of allowed preflights and of allowed requests, but for `Access-Control-Allow-Origin` and `Vary`. */
export function corsHeaders(settings: CorsSettings): {
  readonly preflight: HeaderFields;
  readonly actual: HeaderFields;
} {
  const middleware = cors({
    origin: [NOBODY],
    credentials: settings.credentials,
    methods: [...settings.methods],
    allowedHeaders: [...settings.allowedHeaders],
    exposedHeaders: [...settings.exposedHeaders],
    maxAge: settings.maxAgeSeconds,
    // Without it the package would end the response, with a Content-Length that a 204 must not have (RFC 9110 §8.6).
    preflightContinue: true,
  });

  function record(method: string, unwanted: readonly string[]): HeaderFields {
    const { set } = recordHeaders(middleware as never, { method, headers: { origin: NOBODY } });
    return [...set].filter(([name]) => !unwanted.includes(name));
  }

  return {
    preflight: record("OPTIONS", [...DECIDED_HERE, "Access-Control-Expose-Headers"]),
    actual: record("GET", DECIDED_HERE),
  };
}
