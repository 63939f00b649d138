/** A request that a check sends. */
export interface ProbeRequest {
  /** What people read in place of its line, where that says nothing. */
  readonly name?: string;
  readonly method: string;
  /** As it stands in the request line. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A server may close the connection in place of an answer, because it cannot read the request. */
  readonly mayClose?: boolean;
  /** Sent with the fields of the header file. */
  readonly withCredentials?: boolean;
  /** To another scheme and port of the same host, never with credentials. */
  readonly at?: { readonly protocol: "http:" | "https:"; readonly port: number };
}

/** What the connection has shown of TLS. */
export interface TlsFacts {
  readonly version: string;
  /** Why the certificate is not valid for this host, as Node.js names it. */
  readonly distrust: string | undefined;
  readonly validTo: Date | undefined;
}

/** What the server has answered; the body up to a bound. */
export interface Answer {
  readonly request: ProbeRequest;
  readonly status: number;
  /** Names in lower case, with every value in the order of the answer. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
  /** Why the content cannot be looked at, in words. */
  readonly unread?: string;
  readonly tls: TlsFacts | undefined;
}

/** Why there is no answer, in words. */
export interface NoAnswer {
  readonly failed: string;
  /** The connection was closed or refused, and nothing took too long. */
  readonly closed: boolean;
}

/** The value of a field; of several, as RFC 9110 §5.3 joins them. */
export function fieldOf({ fields }: Answer, name: string): string | undefined {
  return fields.get(name)?.join(", ");
}

/** The members of a field that holds a list, in lower case. */
export function membersOf(answer: Answer, name: string): readonly string[] {
  const members = (fieldOf(answer, name) ?? "").split(",");
  return members.map((member) => member.trim().toLowerCase()).filter((member) => member !== "");
}

/** Whether the answer is a page: browsers run what stands in it. */
export function isPage(answer: Answer): boolean {
  const type = (fieldOf(answer, "content-type") ?? "").trim().toLowerCase();
  return /^(?:text\/html|application\/xhtml\+xml|image\/svg\+xml)\b/.test(type);
}

/** Whether there is content, which browsers would show or read. */
export function hasContent({ status, body, unread }: Answer): boolean {
  return (body !== "" || unread !== undefined) && !isRedirect(status);
}

/** Whether the status sends the client elsewhere. */
export function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

/** `GET /orders`, or what else people know the request by. */
export function nameOf({ name, method, path }: ProbeRequest): string {
  if (name !== undefined) return name;
  const [shown = ""] = path.split("?");
  return `${method} ${shown.length > 60 ? `${shown.slice(0, 60)}…` : shown}`;
}
