import cookieSession from "cookie-session";
import type { RequestHandler } from "express";
import expressSession from "express-session";

/** What the apps of the tests keep in a session. */
export interface UserSession {
  userId?: string | undefined;
  roles?: readonly string[] | undefined;
}

/** A package that makes sessions, and what an app does with them. */
export interface SessionPackage {
  readonly name: string;
  /** The middleware, as its README shows it. */
  readonly mount: () => RequestHandler;
  /** Begins a session of its own for a user who has just logged in. */
  readonly begin: (req: object, user: UserSession) => Promise<void>;
  /** Ends the session. */
  readonly end: (req: object) => Promise<void>;
}

type WithSession = { session: (UserSession & Partial<StoredSession>) | null };

interface StoredSession {
  regenerate(done: (error?: unknown) => void): void;
  destroy(done: (error?: unknown) => void): void;
}

/** Both in the ways that their READMEs show. */
export const SESSION_PACKAGES: readonly SessionPackage[] = [
  {
    name: "express-session",
    mount: () =>
      expressSession({
        secret: "a secret of the tests",
        resave: false,
        saveUninitialized: false,
      }) as unknown as RequestHandler,
    begin: async (req, user) => {
      // The session of before the login may be known to somebody else: the user gets a new one.
      await called(req, "regenerate");
      Object.assign((req as WithSession).session ?? {}, user);
    },
    end: (req) => called(req, "destroy"),
  },
  {
    name: "cookie-session",
    mount: () => cookieSession({ keys: ["a secret of the tests"], sameSite: "lax" }),
    begin: async (req, user) => {
      // The session is the cookie: nobody can prepare one without the keys.
      (req as { session: unknown }).session = { ...user };
    },
    end: async (req) => {
      (req as WithSession).session = null;
    },
  },
];

function called(req: object, name: keyof StoredSession): Promise<void> {
  return new Promise((resolve, reject) => {
    (req as WithSession).session?.[name]?.((error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
