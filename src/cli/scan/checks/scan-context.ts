import type { TlsAudit } from "../../../server/audit-tls-options.js";
import type { ProbeClient } from "../client/probe-client.js";
import type { ScanTarget } from "../client/scan-target.js";
import type { ScanNotes } from "../report/scan-notes.js";

/** What every check works with. */
export interface ScanContext {
  readonly target: ScanTarget;
  readonly client: ProbeClient;
  readonly notes: ScanNotes;
  /** Paths beside that of the URL. */
  readonly paths: readonly string[];
  /** An origin whose pages may read the API. */
  readonly origin: string | undefined;
  /** Where the host answers plain HTTP, if it does. */
  readonly httpPort: number | undefined;
  readonly hasCredentials: boolean;
  /** Part of names that nobody else uses. */
  readonly mark: string;
  readonly auditTls: (host: string, port: number) => Promise<Pick<TlsAudit, "findings">>;
}
