declare module "cookie-session" {
  import type { RequestHandler } from "express";
  export default function cookieSession(options: {
    readonly name?: string;
    readonly keys: readonly string[];
    readonly secure?: boolean;
    readonly httpOnly?: boolean;
    readonly sameSite?: "lax" | "strict" | "none";
  }): RequestHandler;
}
