import { isIPv4, isIPv6 } from "node:net";
import { isLocalName } from "../../core/http/origins/loopback.js";
import { isSharedSuffix } from "../../core/http/origins/shared-suffixes.js";
import { unsetFault } from "../../core/options/value.js";
import { type Refused, refused } from "../../core/refusal/refused.js";

/** A host as options name it, understood. */
export interface HostEntry {
  /** As `URL` spells it; what stands behind the star of a pattern, with its dot. */
  readonly name: string;
  /** Whether one label stands in front of the name. */
  readonly isPattern: boolean;
  /** `undefined` for the ports that URLs leave out, `"*"` for all. */
  readonly port: string | undefined;
}

const EXAMPLE = 'a host such as "api.example.com" or "localhost:3000"';
const PARTS = /^(\*\.)?(\[[^\]]*\]|[^:[\]]+)(?::(\d{1,5}|\*))?$/;
const HOST =
  /^(?:\*\.)?(?:localhost|(?:[a-z\d-]{1,63}\.){1,8}[a-z]{2,24}|\[[\da-f:.]+\]|[\d.]{7,15})(?::(?:\d{1,5}|\*))?$/;
const USUAL_PORTS = ["80", "443"];

/** Reads one host with an optional port. Refused with what is wrong with it, and the right spelling where there is one. */
export function parseHostEntry(text: string): HostEntry | Refused {
  const unset = unsetFault(text);
  if (unset !== undefined) return refused(unset);
  if (/[,;\s]/.test(text.trim()))
    return refused("must hold one host per entry: split the text into a list");
  if (text === "*")
    return refused('must not be "*": leave hosts out to accept requests for every host');
  if (/[/@?#\\]/.test(text)) return refused(withoutRest(text));
  if (isIPv6(text)) return refused(`must have an IPv6 address in brackets: write "[${text}]"`);
  const [, star = "", given = "", port] = PARTS.exec(text) ?? [];
  const name = canonicalName(given);
  if (name === undefined)
    return refused(
      text.includes("*")
        ? 'must have "*" only as the whole first label or the port, as in "*.example.com" and "localhost:*"'
        : `must be ${EXAMPLE}`,
    );
  if (port === "0" || Number(port) > 65_535) return refused("must have a port from 1 to 65535");
  if (port !== undefined && USUAL_PORTS.includes(port))
    return refused(`must leave the ports of URLs out${fixed(star + name)}`);
  if (name !== given) {
    const right = star + name + (port === undefined ? "" : `:${port}`);
    return refused(`must be a host as browsers send it${fixed(right)}`);
  }
  if (star === "") return { name, isPattern: false, port };
  if (isIPv4(name) || name.startsWith("["))
    return refused("must not have a wildcard in an IP address");
  if (!isLocalName(name) && isSharedSuffix(name))
    return refused(
      "must not have a wildcard over a domain where anybody can get a subdomain: list the full hosts",
    );
  return { name: `.${name}`, isPattern: true, port };
}

function withoutRest(text: string): string {
  const host = /^(?:https?:\/\/)?([^/]*)\/?$/i.exec(text)?.[1]?.toLowerCase() ?? "";
  return HOST.test(host)
    ? `must be a host without scheme and path${fixed(host)}`
    : `must be ${EXAMPLE} and nothing more`;
}

/** The right spelling. Only what looks like a host is printed: anything else may be a secret in the wrong place. */
function fixed(host: string): string {
  return HOST.test(host) ? `: write "${host}"` : "";
}

/** The name as browsers send it, without the dot of an absolute domain name. */
function canonicalName(text: string): string | undefined {
  try {
    const { hostname } = new URL(`http://${text}/`);
    const name = hostname.endsWith(".") ? hostname.slice(0, -1) : hostname;
    return /^(?:\[[\da-f:.]+\]|[a-z\d._-]+)$/.test(name) ? name : undefined;
  } catch {
    return undefined;
  }
}
