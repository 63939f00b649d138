import { isIPv4 } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Request } from "express";
import { isLocalName } from "./origins/loopback.js";

/** The host the client asked for: `X-Forwarded-Host` of a proxy that `trust proxy` names, else `Host`. */
export function requestHost(req: Request): string | undefined {
  return forwardedHost(req) ?? hostField(req);
}

/** `Host`. Over HTTP/2, clients send `:authority` in its place (RFC 9113 §8.3.1). */
export function hostField(req: Request): string | undefined {
  const authority = req.httpVersionMajor >= 2 ? req.headers[":authority"] : undefined;
  return typeof authority === "string" ? authority : req.headers.host;
}

/**
 * Whether the request came over TLS, to a name that browsers may pin to TLS.
 *
 * Not to `localhost`, where the pin would cut off every other program on the machine, and not to an IP address, which
 * browsers ignore (RFC 6797 §8.1.1).
 */
export function isPinnable(req: Request): boolean {
  if ((req.socket as TLSSocket).encrypted === true) return isPublicName(hostField(req));
  if (req.headers["x-forwarded-proto"] === undefined || !req.secure) return false;
  const forwarded = forwardedHost(req);
  if (forwarded !== undefined) return isPublicName(forwarded);
  // A proxy often puts the address of this server into Host: that is not the name the browser asked for.
  return !isLocalName(withoutPort(hostField(req) ?? ""));
}

/** Whether the request is for a name other than `localhost`, and not for an IP address. */
export function isForPublicName(req: Request): boolean {
  return isPublicName(requestHost(req));
}

function isPublicName(host: string | undefined): boolean {
  if (host === undefined || host === "" || host.startsWith("[")) return false;
  const name = withoutPort(host);
  return !isLocalName(name) && !isIPv4(name);
}

function withoutPort(host: string): string {
  const colon = host.lastIndexOf(":");
  const name = (colon === -1 ? host : host.slice(0, colon)).toLowerCase();
  // The same host, written as a rooted name (RFC 1034 §3.1).
  return name.endsWith(".") ? name.slice(0, -1) : name;
}

/** `X-Forwarded-Host` of a proxy that `trust proxy` names, as it came: one host, or a list of them. */
export function forwardedHostField(req: Request): string | undefined {
  const field = req.headers["x-forwarded-host"];
  if (typeof field !== "string" || field === "") return undefined;
  // A router of Express that serves without an app trusts nobody.
  const { app } = req as { readonly app?: Request["app"] };
  const trust: unknown = app?.get("trust proxy fn");
  return typeof trust === "function" && trust(req.socket.remoteAddress, 0) === true
    ? field
    : undefined;
}

function forwardedHost(req: Request): string | undefined {
  const host = forwardedHostField(req)?.split(",", 1)[0]?.trim();
  return host === "" ? undefined : host;
}
