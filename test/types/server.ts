import { createServer } from "node:https";
import { type TlsOptions, tlsOptions } from "express-secure-api/server";

const options: TlsOptions = tlsOptions("modern");
createServer({ ...tlsOptions(), key: "", cert: "" });
export const version: "TLSv1.2" | "TLSv1.3" = options.minVersion;

// @ts-expect-error Mozilla's guideline has no such profile any more
tlsOptions("old");
// @ts-expect-error the values are those of the guideline
options.ciphers = "ALL";
