/**
 * Packages whose middlewares answer no request with data of the app: at most they refuse it, or answer a preflight.
 * A handler counts as theirs by the file that holds its source, not by its name.
 */
const SILENT: ReadonlySet<string> = new Set([
  "body-parser",
  "compression",
  "connect-flash",
  "connect-timeout",
  "cookie-parser",
  "cookie-session",
  "cors",
  "csrf-csrf",
  "csrf-sync",
  "express-fileupload",
  "express-mongo-sanitize",
  "express-pino-logger",
  "express-rate-limit",
  "express-request-id",
  "express-session",
  "express-slow-down",
  "express-useragent",
  "express-validator",
  "express-winston",
  "helmet",
  "hpp",
  "i18n",
  "method-override",
  "morgan",
  "multer",
  "passport",
  "pino-http",
  "response-time",
]);

const IN_PACKAGE =
  /[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)[\\/](?!(?:.*[\\/])?node_modules[\\/])/;

/** Whether the file belongs to a package that only looks at requests, or refuses them. */
export function isSilentPackage(file: string | undefined): boolean {
  const name = IN_PACKAGE.exec(file ?? "")?.[1]?.replaceAll("\\", "/");
  return name !== undefined && SILENT.has(name);
}
