import request from "supertest";
import type { RunningApp } from "../support/legacy-app.js";

export const ADA = { email: "ada@example.com", password: "Correct-Horse-1" };
export const BEN = { email: "ben@example.com", password: "Battery-Staple-2" };

export interface Tokens {
  readonly access: string;
  readonly refresh: string;
}

export async function login(url: string, credentials: typeof BEN): Promise<Tokens> {
  const answer = await request(url).post("/v1/auth/login").send(credentials).expect(200);
  return answer.body.tokens;
}

export const bearer = (token: string): string => `Bearer ${token}`;

/** The text of the last mail, which is the token in it. */
export function lastMail(app: RunningApp): string {
  return (app.load("./mail") as { outbox: { text: string }[] }).outbox.at(-1)?.text ?? "";
}
