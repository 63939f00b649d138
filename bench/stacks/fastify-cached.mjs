import { createFastifyApp } from "./fastify.mjs";

/** The same with the token cache of `@fastify/jwt`, at the size that its documentation gives for `true`. */
export async function createApp(settings) {
  return createFastifyApp(settings, { cache: true });
}
