import type { Server } from "node:https";
import type { SecureContext } from "node:tls";
import { OptionsError } from "../../core/options/options-error.js";
import { ProblemList } from "../../core/options/problem-list.js";
import type { CertificateSummary } from "./credentials/load-credentials.js";
import { PemFiles } from "./credentials/pem-files.js";
import type { PemTexts } from "./credentials/pem-source.js";
import { ExpiryWatch } from "./expiry-watch.js";
import {
  buildContext,
  digestOf,
  type SecureServerSettings,
  type ServerContext,
  sourcesOf,
} from "./server-context.js";
import type { TicketKeys } from "./ticket-keys.js";
import { publishTlsEvent } from "./tls-events.js";

/** What came of a reload. */
export interface TlsReload {
  /** Whether anything was different from what is in use. */
  readonly changed: boolean;
  /** The certificates in use now. */
  readonly certificates: readonly CertificateSummary[];
}

/** What a reload takes in place of the key and the certificate in memory. */
export interface MainCredentials {
  readonly key: string;
  readonly cert: string;
  readonly passphrase: string | undefined;
}

/** Without files, only the time that is left changes. */
const LOOK_AT_DATES_MS = 3_600_000;

/** Keeps the context of a server that of its files: another one only when all of it is good. */
export class CertificateWatch {
  readonly #tickets: TicketKeys | undefined;
  readonly #intervalMs: number | undefined;
  readonly #expiry = new ExpiryWatch();
  readonly #files = new PemFiles();
  #settings: SecureServerSettings;
  #context: ServerContext;
  /** What the context is made of. */
  #texts: PemTexts;
  #digest: string;
  /** Of the texts that were last found bad, and of those that were told of. */
  #bad = "";
  #told = "";
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<unknown> = Promise.resolve();
  #isLooking = false;

  /** @param intervalMs - `undefined` reads files only when it is asked to. */
  constructor(
    settings: SecureServerSettings,
    context: ServerContext,
    texts: PemTexts,
    tickets: TicketKeys | undefined,
    intervalMs: number | undefined,
  ) {
    this.#settings = settings;
    this.#context = context;
    this.#texts = texts;
    this.#digest = digestOf(texts);
    this.#tickets = tickets;
    this.#intervalMs = intervalMs;
  }

  /** The context for a name that a client asks for; `undefined` is that of all others. */
  contextFor(asked: string): SecureContext | undefined {
    const { names } = this.#context;
    // RFC 6066 §3 has no dot at the end, but some clients send one.
    const name = asked.toLowerCase().replace(/\.$/, "");
    return names.get(name) ?? names.get(name.replace(/^[^.]+/, "*"));
  }

  start(server: Server): void {
    this.stop();
    this.#tickets?.start((keys) => server.setTicketKeys(keys));
    this.#checkDates();
    this.#timer = setInterval(() => this.#look(server), this.#intervalMs ?? LOOK_AT_DATES_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#tickets?.stop();
  }

  /** Reads everything again now. Rejects with an `OptionsError`, and then the old context stays. */
  async reload(server: Server, main?: MainCredentials): Promise<TlsReload> {
    return await this.#alone(async () => {
      const settings = main === undefined ? this.#settings : withMain(this.#settings, main);
      const texts = await this.#files.fetch(sourcesOf(settings), this.#texts);
      const changed = digestOf(texts) !== this.#digest;
      if (changed) {
        try {
          this.#use(server, settings, texts);
        } catch (error) {
          publishTlsEvent({ event: "tls.reload_failed", problems: problemsOf(error) });
          throw error;
        }
      }
      this.#checkDates();
      return Object.freeze({ changed, certificates: this.#context.certificates });
    });
  }

  #look(server: Server): void {
    this.#checkDates();
    // Files that answer slowly must not pile up work.
    if (this.#intervalMs === undefined || this.#isLooking) return;
    this.#isLooking = true;
    const look = this.#alone(async () => {
      try {
        const sources = sourcesOf(this.#settings);
        this.#compare(server, await this.#files.fetch(sources, this.#texts));
      } finally {
        this.#isLooking = false;
      }
    });
    // Listeners of the app may have thrown: the next look begins anew.
    look.catch(() => undefined);
  }

  #compare(server: Server, texts: PemTexts): void {
    const digest = digestOf(texts);
    if (digest === this.#digest) {
      this.#bad = "";
      this.#told = "";
      return;
    }
    try {
      this.#use(server, this.#settings, texts);
    } catch (error) {
      // The key may be written and the certificate not yet: what is bad at two looks in a row stays bad.
      if (digest === this.#bad && digest !== this.#told) {
        this.#told = digest;
        tellFailure(problemsOf(error));
      }
      this.#bad = digest;
    }
  }

  /** @throws OptionsError when any of the texts is bad. Nothing has changed then. */
  #use(server: Server, settings: SecureServerSettings, texts: PemTexts): void {
    const problems = new ProblemList();
    const context = buildContext(settings, texts, problems, Date.now(), this.#texts);
    problems.finish();
    if (context === undefined) return;
    const ticketKeys = this.#tickets?.under(context.trustDigest);
    server.setSecureContext({ ...context.options, ...(ticketKeys && { ticketKeys }) });
    this.#settings = settings;
    this.#context = context;
    this.#texts = texts;
    this.#digest = digestOf(texts);
    this.#bad = "";
    this.#told = "";
    publishTlsEvent({ event: "tls.reloaded", certificates: context.certificates });
  }

  #checkDates(): void {
    this.#expiry.check(this.#context.certificates, Date.now());
  }

  /** One after the other, in the order of the calls. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => undefined);
    return done;
  }
}

function withMain(settings: SecureServerSettings, main: MainCredentials): SecureServerSettings {
  const { key, cert } = settings.main;
  return {
    ...settings,
    main: {
      ...settings.main,
      key: { path: key.path, pem: main.key },
      cert: { path: cert.path, pem: main.cert },
      passphrase: main.passphrase,
    },
  };
}

function problemsOf(error: unknown): readonly string[] {
  return error instanceof OptionsError ? error.problems : ["the server did not take the context"];
}

function tellFailure(problems: readonly string[]): void {
  process.emitWarning(
    `createSecureServer: the files have changed, but cannot be used. The certificate of before stays in use. ${problems.join("; ")}`,
    { code: "EXPRESS_SECURE_API_TLS_RELOAD_FAILED" },
  );
  publishTlsEvent({ event: "tls.reload_failed", problems });
}
