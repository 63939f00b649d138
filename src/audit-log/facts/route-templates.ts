import type { Request } from "express";
import { scrubPath } from "../text/scrub-path.js";

/** Expressions that can match a number of segments that cannot be told from the template. */
const UNCOUNTABLE = /[*+?(){}\\]/;

/** Routers are few, but values in their paths can be many, and long. */
const MAX_KNOWN = 500;
const MAX_KNOWN_LENGTH = 512;

/** Finds the templates of routes. The paths of routers are checked for values once. */
export class RouteTemplates {
  readonly #known = new Map<string, string>();

  /**
   * The template of the route that took the request, such as `/v1/orders/:id`, with the path of its router in front.
   *
   * Express forgets the router's path once an error handler answers: it is found again by counting segments. It is the
   * path as requested, so what looks like a value in it is replaced.
   *
   * @param failed - Whether an error handler may have answered.
   * @returns `undefined` when no route matched.
   */
  of(req: Request, failed: boolean): string | undefined {
    const path: unknown = (req.route as { path?: unknown } | undefined)?.path;
    if (path === undefined) return undefined;
    const template = String(path);
    const base = failed && req.baseUrl === "" ? forgottenBase(req, template) : req.baseUrl;
    if (base === "") return template;
    return this.#withoutValues(base) + (template === "/" ? "" : template);
  }

  #withoutValues(base: string): string {
    const known = this.#known.get(base);
    if (known !== undefined) return known;
    const segments = scrubPath(base).split("/");
    const checked = segments
      .map((segment) => (/^\d+$|REDACTED|%/.test(segment) ? ":value" : segment))
      .join("/");
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    if (base.length <= MAX_KNOWN_LENGTH) this.#known.set(base, checked);
    return checked;
  }
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
