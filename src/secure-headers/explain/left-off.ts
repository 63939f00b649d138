/** Why a header is not sent, and what is missing without it. */
interface Absence {
  readonly why: string;
  readonly missing: string | undefined;
}

export const POWERED_BY = "X-Powered-By";
export const TAKEN_AWAY = "It tells whoever looks for known holes where to look.";

export const TURNED_OFF = "The option turns it off.";
export const REPORTS = "In report mode nothing is sent that could change an answer.";

const PAGES_ONLY =
  'It concerns pages, and would be bytes on every answer that is data. Send it with pages: profile: "web", or preset: "web".';

/** By name: the headers that are left off by some preset, or can be turned off. */
export const LEFT_OFF: ReadonlyMap<string, Absence> = new Map(
  Object.entries<Absence>({
    "Content-Security-Policy": {
      why: "It is turned off.",
      missing: "Whatever gets into an answer that a browser shows as a page can run scripts there.",
    },
    "Strict-Transport-Security": {
      why: "It is turned off.",
      missing: "Somebody on the way can keep a browser on plain HTTP, and read everything.",
    },
    "X-Content-Type-Options": {
      why: "It is turned off.",
      missing: "Browsers may take an upload or data for a script or a page.",
    },
    "X-Frame-Options": {
      why: "frame-ancestors of the content policy says the same.",
      missing: "Old browsers let other sites show pages in a frame and lead clicks to them.",
    },
    "Referrer-Policy": {
      why: "Browsers send the origin alone to other sites.",
      missing: undefined,
    },
    "Cross-Origin-Resource-Policy": {
      why: "Answers are meant to be loaded by pages of other origins.",
      missing: "Any page can load answers as images or scripts, and so into its memory.",
    },
    "Cross-Origin-Opener-Policy": {
      why: PAGES_ONLY,
      missing: undefined,
    },
    "Cross-Origin-Embedder-Policy": {
      why: "It breaks pages that load anything from elsewhere, and is needed for shared memory only.",
      missing: undefined,
    },
    "Origin-Agent-Cluster": { why: PAGES_ONLY, missing: undefined },
    "Permissions-Policy": { why: PAGES_ONLY, missing: undefined },
    "Cache-Control": {
      why: "Handlers decide how long their answers may be stored.",
      missing: "Caches may store an answer that is for one user alone.",
    },
    "X-DNS-Prefetch-Control": { why: PAGES_ONLY, missing: undefined },
    "X-Download-Options": {
      why: "Internet Explorer 8 alone has read it.",
      missing: undefined,
    },
    "X-Permitted-Cross-Domain-Policies": {
      why: "Flash and Acrobat alone have read it.",
      missing: undefined,
    },
    "X-XSS-Protection": {
      why: "Current browsers no longer have the filter that it turns off, and a content policy does more.",
      missing: undefined,
    },
  }),
);
