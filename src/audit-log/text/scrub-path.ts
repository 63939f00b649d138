const MAX_READ = 1024;

/**
 * The path of a request target, for requests that no route matched: without query and fragment, and with every
 * segment replaced that may be a secret or a person: anything like a JWT, 20 characters or more of letters and
 * digits mixed, an email address, the value of a `;name=value` parameter.
 */
export function scrubPath(target: string): string {
  const path = target.slice(0, MAX_READ).replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "");
  // An encoded "?" is cut off as well: it is how queries get into paths by mistake.
  const end = path.search(/[?#]|%3f|%23/i);
  const segments = (end === -1 ? path : path.slice(0, end)).split("/");
  return segments.map(scrubSegment).join("/");
}

function scrubSegment(segment: string): string {
  const [name = "", ...parameters] = segment.split(/;|%3b/i);
  const kept = isTelling(name) ? "REDACTED" : name;
  return [
    kept,
    ...parameters.map((parameter) => parameter.replace(/(=|%3d).*|^[^=]{20,}$/i, "=REDACTED")),
  ].join(";");
}

function isTelling(segment: string): boolean {
  if (/@|%40|eyJ[\w-]{8,}/i.test(segment)) return true;
  return segment.length >= 20 && /\d/.test(segment) && /[a-z]/i.test(segment);
}
