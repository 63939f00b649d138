import type { ServerResponse } from "node:http";

const BODY = '{"status":"ok"}';

/** Answers a probe that all is well. Node sends no body on HEAD. */
export function sendOk(res: ServerResponse): void {
  res.statusCode = 200;
  res.setHeader("Content-Type", "application/json");
  res.setHeader("Content-Length", BODY.length);
  res.setHeader("Cache-Control", "no-store");
  res.end(BODY);
}
