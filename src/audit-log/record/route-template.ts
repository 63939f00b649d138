import type { Request } from "express";
import { scrubPath } from "../text/scrub-path.js";

/** Expressions that can match a number of segments that cannot be told from the template. */
const UNCOUNTABLE = /[*+?(){}\\]/;

/** Routers are few; their paths are checked for values once. Bounded, because values in them can be many. */
const checkedBases = new Map<string, string>();
const MAX_CHECKED = 500;

/**
 * The template of the route that took the request, such as `/v1/orders/:id`, with the path of its router in front.
 *
 * Express forgets the router's path once an error handler answers: it is found again by counting segments. It is the
 * path as requested, so what looks like a value in it is replaced.
 *
 * @param failed - Whether an error handler may have answered.
 * @returns `undefined` when no route matched.
 */
export function routeTemplate(req: Request, failed: boolean): string | undefined {
  const path: unknown = (req.route as { path?: unknown } | undefined)?.path;
  if (path === undefined) return undefined;
  const template = String(path);
  const base = failed && req.baseUrl === "" ? forgottenBase(req, template) : req.baseUrl;
  if (base === "") return template;
  return withoutValues(base) + (template === "/" ? "" : template);
}

function forgottenBase(req: Request, template: string): string {
  if (!template.startsWith("/") || UNCOUNTABLE.test(template)) return "";
  const { originalUrl } = req;
  if (!originalUrl.startsWith("/")) return "";
  const end = originalUrl.search(/[?#]/);
  const segments = (end === -1 ? originalUrl : originalUrl.slice(0, end))
    .replace(/\/+$/, "")
    .split("/");
  const own = template === "/" ? 0 : template.replace(/\/+$/, "").split("/").length - 1;
  return segments.slice(0, Math.max(1, segments.length - own)).join("/");
}

function withoutValues(base: string): string {
  const known = checkedBases.get(base);
  if (known !== undefined) return known;
  const segments = scrubPath(base).split("/");
  const checked = segments
    .map((segment) => (/^\d+$|REDACTED|%/.test(segment) ? ":value" : segment))
    .join("/");
  if (checkedBases.size >= MAX_CHECKED) checkedBases.clear();
  checkedBases.set(base, checked);
  return checked;
}
