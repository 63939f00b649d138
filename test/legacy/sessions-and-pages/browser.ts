import request from "supertest";

type Agent = ReturnType<typeof request.agent>;

export const BEN = { email: "ben@club.example", password: "battery staple" };
export const ADA = { email: "ada@club.example", password: "correct horse" };

/** A browser that shows pages of the app itself: what it sends with every request of such a page. */
export function browser(url: string): Agent {
  const agent = request.agent(url);
  agent.set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
  agent.set("Origin", url);
  agent.set("Sec-Fetch-Site", "same-origin");
  agent.set("Sec-Fetch-Mode", "navigate");
  return agent;
}

export async function loggedIn(url: string, credentials: typeof BEN): Promise<Agent> {
  const agent = browser(url);
  await agent.post("/login").type("form").send(credentials).expect(302);
  return agent;
}
