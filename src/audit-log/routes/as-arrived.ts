import type { Request } from "express";

/** The request with its path and method as they arrived: handlers and routers replace them. */
export function asArrived(req: Request, method: string): Request {
  return Object.create(req, {
    method: { value: method },
    baseUrl: { value: "" },
    path: { value: targetOf(req) ?? "/" },
  }) as Request;
}

/** The path that was asked for, without its query; `undefined` where the app took it away. */
export function targetOf(req: Request): string | undefined {
  const url: unknown = req.originalUrl;
  if (typeof url !== "string") return undefined;
  const end = url.indexOf("?");
  return end === -1 ? url : url.slice(0, end);
}
