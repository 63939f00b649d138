import { isLoopback } from "../../../core/http/origins/loopback.js";
import { CommandError } from "../../terminal/command-error.js";

/** The API that is scanned. */
export interface ScanTarget {
  readonly protocol: "http:" | "https:";
  readonly hostname: string;
  readonly port: number;
  /** As browsers send it. */
  readonly origin: string;
  /** Path and query of the URL. */
  readonly path: string;
  /** Whether it is this machine. */
  readonly isLocal: boolean;
}

/**
 * Reads the URL of an API. Other machines than this one are scanned only if they are named once more.
 *
 * @throws CommandError that says what to write.
 */
export function readTarget(written: string, allowedHosts: readonly string[]): ScanTarget {
  const url = parse(written);
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new CommandError("the URL must begin with http:// or https://, as http://localhost:3000");
  }
  // What stands there would be in the history of the shell, and in the report.
  if (url.username !== "" || url.password !== "") {
    throw new CommandError("the URL must hold no user and no password: use --header-file");
  }
  const isLocal = isLoopback(url.hostname);
  if (!isLocal && !allowedHosts.some((host) => isSameHost(host, url.hostname))) {
    throw new CommandError(
      `${url.hostname} is another machine: scan it only if you may, with --allow-host ${url.hostname}`,
    );
  }
  return {
    protocol: url.protocol,
    hostname: url.hostname,
    port: Number(url.port) || (url.protocol === "https:" ? 443 : 80),
    origin: url.origin,
    path: url.pathname + url.search,
    isLocal,
  };
}

/** The path of a redirect, if it leads to the same origin. */
export function pathWithin(target: ScanTarget, from: string, location: string): string | undefined {
  const url = parse(location, target.origin + from);
  // A blob: URL has the origin of the page that made it, and no path.
  if (url?.protocol !== target.protocol || url.origin !== target.origin) return undefined;
  return url.pathname + url.search;
}

/** A path below that of the URL: an app may stand behind a prefix. */
export function pathBelow({ path }: ScanTarget, name: string): string {
  const [prefix = ""] = path.split("?");
  return `${prefix.replace(/\/+$/, "")}/${name}`;
}

function parse(written: string, base?: string): URL | undefined {
  return URL.canParse(written, base) ? new URL(written, base) : undefined;
}

/** As `URL` spells hosts. */
function isSameHost(written: string, hostname: string): boolean {
  const url = parse(`http://${written}/`);
  return url !== undefined && url.port === "" && url.hostname === hostname;
}
