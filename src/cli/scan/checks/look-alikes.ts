import { isIP } from "node:net";

/** An origin that a careless comparison takes for another. */
export interface LookAlike {
  readonly origin: string;
  /** Who can have it: anybody, another app of the same owner, or nobody (no browser sends it). */
  readonly kind: "foreign" | "neighbour" | "loose";
  readonly how: string;
}

/**
 * Origins that look like one that may read the API.
 *
 * @param isListed - Whether that origin is known to be allowed. Of the API's own origin only names that anybody can
 * register are tried, because its neighbours may be allowed on purpose.
 */
export function lookAlikesOf(
  origin: string,
  isListed: boolean,
  mark: string,
): readonly LookAlike[] {
  const { protocol, hostname, port, host } = new URL(origin);
  const isName = isIP(hostname.replace(/^\[|\]$/g, "")) === 0;
  const labels = hostname.split(".");
  const domain = labels.slice(-2).join(".");
  const found: LookAlike[] = [];
  const add = (kind: LookAlike["kind"], how: string, written: string): void => {
    found.push({ kind, how, origin: written });
  };
  if (!hostname.startsWith("[")) {
    add(
      "foreign",
      "the listed one with more behind it",
      `${protocol}//${hostname}.${mark}.example`,
    );
  }
  if (isName && labels.length > 1) {
    add("foreign", "the domain with more in front", `${protocol}//${mark}${domain}`);
  }
  if (isName && labels.length > 2) {
    const joined = hostname.replace(".", "x");
    add("foreign", "another character for the first dot", `${protocol}//${joined}`);
  }
  if (!isListed) return found;
  const otherPort = port === "8443" ? "9443" : "8443";
  add("neighbour", "another port", `${protocol}//${hostname}:${otherPort}`);
  if (protocol === "https:") add("neighbour", "plain HTTP", `http://${host}`);
  if (isName) {
    add("neighbour", "a subdomain", `${protocol}//${mark}.${host}`);
    add("loose", "upper case", origin.toUpperCase());
    add("loose", "a dot behind it", `${protocol}//${hostname}.${port === "" ? "" : `:${port}`}`);
  }
  add("loose", "as a user name", `${origin}@${mark}.example`);
  return found;
}
