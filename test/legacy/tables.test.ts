import { attacks as ownTokensAttacks, open as ownTokensOpen } from "./own-tokens/attacks.js";
import { itServesTheUsers } from "./own-tokens/behaviour.js";
import {
  attacks as sessionsAndPagesAttacks,
  open as sessionsAndPagesOpen,
} from "./sessions-and-pages/attacks.js";
import { itServesTheClub } from "./sessions-and-pages/behaviour.js";
import { ownTokens, sessionsAndPages, tokenScheme } from "./support/apps.js";
import { describeTable } from "./support/table-suite.js";
import { TABLES } from "./support/tables.js";
import { attacks as tokenSchemeAttacks, open as tokenSchemeOpen } from "./token-scheme/attacks.js";
import { itServesTheBlog } from "./token-scheme/behaviour.js";

describeTable({
  name: "sessions-and-pages",
  app: sessionsAndPages(),
  facts: TABLES["sessions-and-pages"],
  attacks: [...sessionsAndPagesAttacks, ...sessionsAndPagesOpen],
  behaviour: (running, options) => itServesTheClub(() => running().url, options),
});

describeTable({
  name: "own-tokens",
  app: ownTokens(),
  facts: TABLES["own-tokens"],
  attacks: [...ownTokensAttacks, ...ownTokensOpen],
  behaviour: itServesTheUsers,
});

describeTable({
  name: "token-scheme",
  app: tokenScheme(),
  facts: TABLES["token-scheme"],
  attacks: [...tokenSchemeAttacks, ...tokenSchemeOpen],
  behaviour: (running, options) => itServesTheBlog(() => running().url, options),
});
