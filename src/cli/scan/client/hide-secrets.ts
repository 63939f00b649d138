/** Shorter texts stand in other places by chance. */
const MIN_SECRET = 6;
const HIDDEN = "[hidden]";

/**
 * Makes what takes secrets out of texts of a server, the beginning of one at the end as well: a text may be cut there.
 *
 * @param secrets - The longest first, so that no part of one remains.
 */
export function hideSecrets(secrets: readonly string[]): (text: string) => string {
  const hidden = secrets.filter((secret) => secret.length >= MIN_SECRET);
  return (text) => {
    const shown = hidden.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text);
    const started = Math.max(0, ...hidden.map((secret) => beginningAtEnd(shown, secret)));
    return started === 0 ? shown : shown.slice(0, -started) + HIDDEN;
  };
}

/** How much of the secret the text ends with. */
function beginningAtEnd(text: string, secret: string): number {
  for (let length = secret.length - 1; length >= MIN_SECRET; length -= 1) {
    if (text.endsWith(secret.slice(0, length))) return length;
  }
  return 0;
}
