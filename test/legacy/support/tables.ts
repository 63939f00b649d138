import type { TableFacts } from "./table-suite.js";

const JOIN = "who registers is not known yet";
const LOGIN = "who logs in is not known yet";

/** What the audit and the attacks say about the table of each app. */
export const TABLES = {
  "sessions-and-pages": {
    routes: [
      "GET /",
      "GET /login",
      "POST /login",
      "GET /logout",
      "GET /profile",
      "POST /profile",
      "POST /profile/preferences",
      "GET /api/me",
      "GET /messages/:id",
      "GET /search",
      "GET /admin",
      "POST /admin/members/:id/delete",
    ],
    reached: ["GET /", "GET /login", "POST /login", "GET /logout"],
    byHand: ["GET /logout", "GET /messages/:id", "GET /admin", "POST /admin/members/:id/delete"],
    open: {
      "GET /": "the home page",
      "GET /login": "the form to log in",
      "POST /login": LOGIN,
    },
    works: [
      "reads who is logged in from a page of another site",
      "logs a member out from a page of another site, because the app does that on GET",
      "uses a session whose id he knew before the member logged in with it, because the app keeps the id",
    ],
    unknown: 403,
  },
  "own-tokens": {
    routes: [
      "POST /v1/auth/register",
      "POST /v1/auth/login",
      "POST /v1/auth/refresh-tokens",
      "POST /v1/auth/forgot-password",
      "POST /v1/auth/reset-password",
      "POST /v1/auth/send-verification-email",
      "GET /v1/users",
      "GET /v1/users/:userId",
      "PATCH /v1/users/:userId",
      "PUT /v1/users/:userId/settings",
      "DELETE /v1/users/:userId",
    ],
    reached: [
      "POST /v1/auth/refresh-tokens",
      "POST /v1/auth/forgot-password",
      "POST /v1/auth/reset-password",
    ],
    byHand: ["GET /v1/users", "PATCH /v1/users/:userId", "DELETE /v1/users/:userId"],
    open: {
      "POST /v1/auth/register": JOIN,
      "POST /v1/auth/login": LOGIN,
      "POST /v1/auth/refresh-tokens": "the refresh token says who asks",
      "POST /v1/auth/forgot-password": "a user who cannot log in",
      "POST /v1/auth/reset-password": "the token of the mail says who asks",
    },
    works: [
      "lets the browsers of visitors of another site try passwords, and reads the answers",
      "uses an access token after its user has changed the password, until it expires",
    ],
    unknown: 401,
  },
  "token-scheme": {
    routes: [
      "POST /api/users",
      "POST /api/users/login",
      "POST /api/users/forgot",
      "POST /api/users/reset",
      "GET /api/user",
      "PUT /api/user",
      "GET /api/articles",
      "GET /api/articles/:slug",
      "POST /api/articles",
      "PUT /api/articles/:slug",
      "DELETE /api/articles/:slug",
      "GET /api/admin/logins",
      "DELETE /api/admin/users/:username",
    ],
    reached: [
      "POST /api/users",
      "POST /api/users/login",
      "POST /api/users/forgot",
      "POST /api/users/reset",
      "GET /api/articles",
      "GET /api/articles/:slug",
      "GET /api/admin/logins",
    ],
    byHand: [
      "PUT /api/articles/:slug",
      "GET /api/admin/logins",
      "DELETE /api/admin/users/:username",
    ],
    open: {
      "POST /api/users": JOIN,
      "POST /api/users/login": LOGIN,
      "POST /api/users/forgot": "a user who cannot log in",
      "POST /api/users/reset": "the code of the mail says who asks",
      "GET /api/articles": "for readers",
      "GET /api/articles/:slug": "for readers",
    },
    works: [
      "leaves an invented address in the list of logins",
      "uses a token for 60 days after he has lost his phone, because the app cannot revoke it",
    ],
    unknown: 403,
  },
} as const satisfies Readonly<Record<string, TableFacts>>;
