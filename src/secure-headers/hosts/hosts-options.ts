import { readPathPatterns } from "../../core/http/read-path-patterns.js";
import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { isPlainObject } from "../../core/options/value.js";
import { isRefused } from "../../core/refusal/refused.js";
import { createHostCheck, type HostCheck } from "./host-check.js";
import { type HostEntry, parseHostEntry } from "./host-entry.js";

/** Options of the check of hosts, where a list alone does not do. */
export interface HostsOptions {
  /**
   * The hosts that requests may be for: `"api.example.com"`, which covers the ports 80 and 443, `"localhost:3000"`,
   * `"localhost:*"` for every port, `"[::1]:3000"`, or `"*.example.com"`, where the star stands for exactly one label.
   */
  readonly allowed: string | readonly string[];
  /**
   * Patterns of paths that are answered for every host, such as `"GET /healthz"` for the probes of a load balancer, which
   * ask by address. Only the exact spelling of a path matches.
   */
  readonly exempt?: string | readonly string[] | undefined;
}

const KEYS: OptionKeys<HostsOptions> = { allowed: "neverUndefined", exempt: true };

/** What other packages call it. */
export const HOSTS_HINTS: Hints<HostsOptions> = {
  hosts: "allowed",
  names: "allowed",
  allow: "allowed",
  allowedHosts: "allowed",
  except: "exempt",
  bypass: "exempt",
  ignore: "exempt",
};

const EXAMPLE = '{ allowed: ["api.example.com"], exempt: "GET /healthz" }';

/** Reads `hosts`. @returns `undefined` when it is left out. Problems are noted. */
export function readHosts(reader: OptionsReader<"hosts">): HostCheck | undefined {
  const value = reader.raw("hosts");
  if (value === undefined) return undefined;
  if (!isPlainObject(value)) {
    const isList = typeof value === "string" || Array.isArray(value);
    if (isList) return createHostCheck(readEntries(reader, "hosts"), []);
    const fix = value === false ? "leave it out to accept requests for every host" : "";
    reader.problem("hosts", "a list of hosts or an options object", fix);
    return undefined;
  }
  const own = reader.nested<HostsOptions>("hosts", value, KEYS, HOSTS_HINTS, EXAMPLE);
  const allowed = readEntries(own, "allowed");
  return createHostCheck(allowed, readPathPatterns(own, "exempt", "leave hosts out") ?? []);
}

function readEntries<Key extends string>(
  reader: OptionsReader<Key>,
  key: Key,
): readonly HostEntry[] {
  const entries: HostEntry[] = [];
  reader.strings(key, {
    required: true,
    check(text) {
      const entry = parseHostEntry(text);
      if (isRefused(entry)) return entry.refused;
      entries.push(entry);
      return undefined;
    },
  });
  return entries;
}
