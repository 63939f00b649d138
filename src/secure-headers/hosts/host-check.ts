import type { Request } from "express";
import { opens, type PathPattern } from "../../core/http/path-pattern.js";
import { forwardedHostField, hostField } from "../../core/http/request-host.js";
import type { HostEntry } from "./host-entry.js";

/** Why a request is not for a host of this server. */
export type HostFault = "malformed_host" | "host_not_allowed" | "forwarded_host_not_allowed";

/** Knows which hosts requests may be for. */
export interface HostCheck {
  /** What is wrong with the host of the request, `undefined` when nothing is. */
  judge(req: Request): HostFault | undefined;
  /** The patterns of paths that are answered for every host. */
  readonly exempt: readonly PathPattern[];
}

/** A host with an optional port (RFC 9110 §7.2), without the dot of an absolute domain name. */
const HOST = /^(\[[\da-f:.]+\]|[a-z\d_-]+(?:\.[a-z\d_-]+)*)\.?(?::(\d{0,5}))?$/;
const LABEL = /^[a-z\d_-]{1,63}$/;
/** The authority in a request target of the absolute form. */
const TARGET = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)/i;
const NO_TARGET = "";

/** Computes the lists once. */
export function createHostCheck(
  entries: readonly HostEntry[],
  exempt: readonly PathPattern[],
): HostCheck {
  const exact = new Set<string>();
  const patterns: HostEntry[] = [];
  for (const entry of entries) {
    if (entry.isPattern) patterns.push(entry);
    else exact.add(entry.port === undefined ? entry.name : `${entry.name}:${entry.port}`);
  }
  // Nearly all requests name the same host.
  let lastAllowed: string | undefined;

  function check(text: string): "malformed" | "unknown" | undefined {
    if (text === lastAllowed) return undefined;
    const [, name, digits = ""] = HOST.exec(text.toLowerCase()) ?? [];
    if (name === undefined) return "malformed";
    const port = digits === "" ? undefined : String(Number(digits));
    if (!isAllowed(spell(name), port === "80" || port === "443" ? undefined : port))
      return "unknown";
    lastAllowed = text;
    return undefined;
  }

  function isAllowed(name: string, port: string | undefined): boolean {
    if (exact.has(port === undefined ? name : `${name}:${port}`) || exact.has(`${name}:*`))
      return true;
    return patterns.some((pattern) => {
      if (pattern.port !== "*" && pattern.port !== port) return false;
      return name.endsWith(pattern.name) && LABEL.test(name.slice(0, -pattern.name.length));
    });
  }

  function faultOf(req: Request): HostFault | undefined {
    const host = hostField(req);
    if (host === undefined || host === "") return "host_not_allowed";
    if (repeatsHost(req)) return "malformed_host";
    const found = check(host);
    if (found !== undefined) return found === "malformed" ? "malformed_host" : "host_not_allowed";
    // A proxy that rewrites Host names it: both are the client's word, so both must be right.
    for (const one of forwardedHostField(req)?.split(",") ?? []) {
      if (check(one.trim()) !== undefined) return "forwarded_host_not_allowed";
    }
    return undefined;
  }

  return {
    exempt,
    judge(req) {
      const fault = faultOf(req);
      if (fault === undefined || exempt.some((pattern) => opens(pattern, req))) return undefined;
      return fault;
    },
  };
}

/**
 * Whether the request names its host in several ways that differ: two fields (RFC 9112 §3.2), a request target of the
 * absolute form (§3.2.2), or over HTTP/2 a `Host` beside `:authority` (RFC 9113 §8.3.1).
 */
function repeatsHost(req: Request): boolean {
  const { rawHeaders = [], originalUrl, url } = req;
  const target = authorityOf(originalUrl ?? url ?? "");
  const host = String(hostField(req)).toLowerCase();
  if (target !== NO_TARGET && target !== host) return true;
  let fields = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (name.length !== 4 || name.toLowerCase() !== "host") continue;
    fields += 1;
    if (fields > 1 || (rawHeaders[index + 1] as string).toLowerCase() !== host) return true;
  }
  return false;
}

function authorityOf(target: string): string {
  if (target.startsWith("/")) return NO_TARGET;
  return (TARGET.exec(target)?.[1] ?? NO_TARGET).toLowerCase();
}

/** One spelling for an IPv6 address. */
function spell(name: string): string {
  if (!name.startsWith("[")) return name;
  try {
    return new URL(`http://${name}/`).hostname;
  } catch {
    return name;
  }
}
