/** What is said of a header to those who ask for it. */
export interface HeaderNote {
  /** The option of helmet that decides it, if there is one. */
  readonly helmet?: string;
  readonly why: string;
  readonly mayBreak: string | undefined;
}

const POLICY =
  "Browsers load and run only what the policy names, so that a script that got into a page does no harm.";
const POLICY_BREAKS =
  "Pages with inline scripts and styles, or with files of other origins, that the policy does not name.";

/** By the name of the header, as helmet writes it. */
export const HEADER_NOTES: ReadonlyMap<string, HeaderNote> = new Map(
  Object.entries<HeaderNote>({
    "Content-Security-Policy": {
      helmet: "contentSecurityPolicy",
      why: POLICY,
      mayBreak: POLICY_BREAKS,
    },
    "Content-Security-Policy-Report-Only": {
      helmet: "contentSecurityPolicy",
      why: "Browsers report what a policy would stop, and stop nothing.",
      mayBreak: undefined,
    },
    "Cross-Origin-Embedder-Policy": {
      helmet: "crossOriginEmbedderPolicy",
      why: "Pages load nothing from other origins that does not agree to it, which shared memory needs.",
      mayBreak:
        "Images, scripts and frames of other origins that send no Cross-Origin-Resource-Policy.",
    },
    "Cross-Origin-Opener-Policy": {
      helmet: "crossOriginOpenerPolicy",
      why: "A page of another origin that opens this one, or is opened by it, gets no hold of its window.",
      mayBreak: "Pop-ups that talk to the page that opened them, such as logins and payments.",
    },
    "Cross-Origin-Resource-Policy": {
      helmet: "crossOriginResourcePolicy",
      why: "Pages of other origins cannot load answers as images, scripts or the like, and so not into their memory.",
      mayBreak:
        "Images, media and scripts that pages of other origins load from here without CORS.",
    },
    "Origin-Agent-Cluster": {
      helmet: "originAgentCluster",
      why: "Browsers may keep the pages of this origin apart from those of its subdomains.",
      mayBreak: "Pages that set document.domain.",
    },
    "Referrer-Policy": {
      helmet: "referrerPolicy",
      why: "Other sites do not learn the paths and queries of pages from which users come.",
      mayBreak:
        "Statistics of other sites; with no-referrer, checks of Origin behind forms of the app's own pages.",
    },
    "Strict-Transport-Security": {
      helmet: "strictTransportSecurity",
      why: "Browsers that were here once use TLS only, so that nobody on the way can take them to plain HTTP (RFC 6797).",
      mayBreak:
        "Whatever is served without TLS under this name and, with includeSubDomains, below it.",
    },
    "X-Content-Type-Options": {
      helmet: "xContentTypeOptions",
      why: "Browsers take answers for what their Content-Type says, never for a script or page that they look like.",
      mayBreak: "Scripts, styles and pages that are sent without their type or with a wrong one.",
    },
    "X-DNS-Prefetch-Control": {
      helmet: "xDnsPrefetchControl",
      why: "Browsers do not look up the names in links before somebody follows them.",
      mayBreak: undefined,
    },
    "X-Download-Options": {
      helmet: "xDownloadOptions",
      why: "Internet Explorer 8 does not open downloads in the context of the site.",
      mayBreak: undefined,
    },
    "X-Frame-Options": {
      helmet: "xFrameOptions",
      why: "Pages of other sites cannot show this one in a frame and lead clicks to it; frame-ancestors says the same to current browsers.",
      mayBreak: "Pages of other sites that show this one in a frame.",
    },
    "X-Permitted-Cross-Domain-Policies": {
      helmet: "xPermittedCrossDomainPolicies",
      why: "Flash and Acrobat do not load a policy from here that would open the site to others.",
      mayBreak: undefined,
    },
    "X-XSS-Protection": {
      helmet: "xXssProtection",
      why: "Turns off a filter of old browsers that made holes of its own.",
      mayBreak: undefined,
    },
    "Permissions-Policy": {
      why: "Pages, and frames in them, cannot use the features of the device that they do not need.",
      mayBreak: "Pages that use a feature that is turned off, such as the camera or the location.",
    },
    "Cache-Control": {
      why: "No cache stores an answer that may be for one user alone; a handler that sets the header decides itself.",
      mayBreak:
        "Answers that caches were meant to keep and that do not say so; pages are loaded again on the way back.",
    },
  }),
);
