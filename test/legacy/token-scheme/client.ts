import request from "supertest";

export const ADA = { email: "ada@blog.example", password: "correct horse" };
export const BEN = { email: "ben@blog.example", password: "battery staple" };

export const token = (text: string): string => `Token ${text}`;

/** The `Authorization` field of a user who has just logged in. */
export async function login(url: string, user: typeof BEN): Promise<string> {
  const answer = await request(url).post("/api/users/login").send({ user }).expect(200);
  return token(answer.body.user.token);
}
