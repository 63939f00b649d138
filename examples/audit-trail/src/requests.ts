// A day of an API, in a second: honest clients, and one that guesses passwords and looks for pages that are not there.

const ORDERS = 60;
const GUESSES = 15;
const PROBES = 35;

export async function sendRequests(base: string): Promise<void> {
  for (let order = 1; order <= ORDERS; order += 1) await get(`${base}/orders/${order}`);
  for (let guess = 0; guess < GUESSES; guess += 1) await login(base, `guess ${guess}`);
  for (let probe = 0; probe < PROBES; probe += 1) await get(`${base}/backup-${probe}.zip`);
  await login(base, "correct horse battery staple");
  await get(`${base}/health`);
}

async function get(url: string): Promise<void> {
  const response = await fetch(url);
  await response.arrayBuffer();
}

async function login(base: string, password: string): Promise<void> {
  const body = new URLSearchParams({ user: "maria", password });
  const response = await fetch(`${base}/login`, { method: "POST", body, redirect: "manual" });
  await response.arrayBuffer();
}
