declare module "cookie-session" {
  import type { RequestHandler } from "express";
  export default function cookieSession(options: object): RequestHandler;
}
declare module "express-session" {
  import type { RequestHandler } from "express";
  export default function expressSession(options: object): RequestHandler;
}
