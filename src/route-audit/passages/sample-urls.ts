import type { Endpoint } from "../discovery/find-endpoints.js";
import { deep, spread } from "../samples/spread.js";

/** Of different kinds, because expressions on guards may tell them apart. */
const FILLS = ["x1", "7", "0b6f0c9e-2a8e-4b7e-9a51-6a3f5f0f6f11", "~.,1"] as const;
const MAX_URLS = 64;

/**
 * Paths that may lead to the endpoint, as declared, in upper case and with a slash at the end: some may not match.
 *
 * @param words - More texts for the places of parameters, which a guard of the app seems to know.
 */
export function sampleUrls(endpoint: Endpoint, words: readonly string[]): readonly string[] {
  const urls = [...FILLS, ...words].flatMap((fill) => joined(endpoint, fill));
  const found = new Set<string>();
  for (const url of urls) for (const form of formsOf(url, endpoint.kind)) found.add(form);
  return [...found];
}

function joined({ steps }: Endpoint, fill: string): readonly string[] {
  let urls: readonly string[] = [""];
  for (const { path } of steps) {
    const ends = [...new Set(path.samples(fill))];
    urls = spread(
      urls.flatMap((url) => ends.map((end) => join(url, end))),
      MAX_URLS,
    );
  }
  return urls;
}

function join(url: string, end: string): string {
  const front = url.endsWith("/") && end.startsWith("/") ? url.slice(0, -1) : url;
  return front + end;
}

function formsOf(url: string, kind: Endpoint["kind"]): readonly string[] {
  const path = url.startsWith("/") ? url : `/${url}`;
  const slashed = path.endsWith("/") ? path : `${path}/`;
  // Where upper and lower case differ, a guard may stand at both and not at what is between.
  const mixed = path.replace(/[a-z]{2}/gi, ([a = "", b = ""]) => a.toUpperCase() + b.toLowerCase());
  const forms = [path, slashed, path.toUpperCase(), mixed];
  // What is no route answers below its path as well.
  return kind === "route"
    ? forms
    : [...forms, `${slashed}x1`, `${slashed}x1/7`, slashed + deep("x1")];
}
