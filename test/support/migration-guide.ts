import { randomBytes } from "node:crypto";
import type { Express } from "express";
import jsonwebtoken, { type SignOptions } from "jsonwebtoken";
import { expect } from "vitest";
import { type GuideSection, guideSections } from "./guide.js";
import { runOnApp } from "./guide-app.js";
import { codeSpans } from "./reference-pages.js";

/** The guide to express-jwt and passport-jwt. */
export const GUIDE = "migrate-from-express-jwt-and-passport-jwt.md";
/** What the apps of the guide sign with. */
export const secret: string = randomBytes(32).toString("base64");
export const ADA = { id: "u1", name: "ada", roles: ["admin"] };
export const BOB = { id: "u2", name: "bob", roles: ["user"] };

export const sections: readonly GuideSection[] = guideSections(GUIDE);

export function sectionOf(heading: string): GuideSection {
  const found = sections.find((section) => section.heading === heading);
  if (found === undefined) throw new Error(`the guide has no section ${heading}`);
  return found;
}

/** The code of a section, block by block. */
export function blocksOf(heading: string): readonly string[] {
  return sectionOf(heading).blocks("js");
}

/** The text with what the pattern finds replaced: it must be there, once. */
export function put(text: string, pattern: RegExp, replacement: string): string {
  expect(text.match(new RegExp(pattern, "gm"))).toHaveLength(1);
  return text.replace(pattern, () => replacement);
}

/** The rows of the table that says why what is sent would be refused. */
export function reasonsOf(heading: string): readonly (readonly [sent: string, reason: string])[] {
  const rows = sectionOf(heading).tables[0]?.rows ?? [];
  return rows.map((row) => [row["what is sent"] ?? "", codeSpans(row["reason"] ?? "")[0] ?? ""]);
}

/** A token with these claims over the usual ones; `undefined` leaves one out. */
export function mint(usual: object, claims: object, options: SignOptions = {}): string {
  const payload = { exp: Math.floor(Date.now() / 1000) + 600, ...usual, ...claims };
  const given = Object.entries(payload).filter(([, value]) => value !== undefined);
  return jsonwebtoken.sign(Object.fromEntries(given), secret, options);
}

/** An app that runs code of the guide, on a day before the last one that the guide names. */
export function runStep(
  express: () => Express,
  code: string,
  given: Readonly<Record<string, unknown>>,
): Express {
  const app = express();
  app.set("env", "test");
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  // Nothing else: the records of these requests would go to the standard output.
  const quiet = code.replace("secureApi({", "secureApi({ auditLog: false,");
  runOnApp(app, express, quiet.replaceAll("2027-03-01", tomorrow), given);
  return app;
}
