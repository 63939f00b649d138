import type { Session } from "node:inspector";

type Inspector = typeof import("node:inspector");

/** What the protocol says of a value. */
interface RemoteValue {
  readonly objectId?: string;
  readonly description?: string;
  readonly value?: unknown;
}

interface RemoteProperty {
  readonly name: string;
  readonly value?: RemoteValue;
}

interface RemoteProperties {
  readonly result: readonly RemoteProperty[];
  readonly internalProperties?: readonly RemoteProperty[];
}

/** Through which a value goes from the code to the session and back. */
interface Carrier {
  value: unknown;
}

/**
 * The files of the scripts of this process, by the ids that V8 gives them: of the process, because telling them takes
 * V8 some time. As many as there are scripts.
 */
const files = new Map<string, string>();

/**
 * Reads the variables that functions of this process have closed over, and the files they come from, through the inspector
 * of Node.js: in the same thread, synchronously, without a port. Express before 5.3 keeps the paths of mounts there, and
 * every Express the apps that are mounted.
 */
export class ClosureReader {
  readonly #session: Session;
  readonly #inspector: Inspector;
  readonly #carrier: Carrier = { value: undefined };
  readonly #key = `expressSecureApi${Math.random().toString(36).slice(2)}`;
  readonly #carrierId: string;

  /**
   * Opens a reader.
   *
   * @returns `undefined` where there is no inspector, or it is not allowed (`--permission`, some bundled runtimes).
   */
  static open(): ClosureReader | undefined {
    try {
      // Not imported: Node.js can be built without it.
      const inspector = process.getBuiltinModule("inspector") as Inspector | undefined;
      return inspector === undefined ? undefined : new ClosureReader(inspector);
    } catch {
      return undefined;
    }
  }

  private constructor(inspector: Inspector) {
    this.#inspector = inspector;
    this.#session = new inspector.Session();
    this.#session.connect();
    // Modules of Node.js are the same objects in every realm, those of Jest included.
    Reflect.defineProperty(inspector, this.#key, { value: this.#carrier, configurable: true });
    const expression = `process.getBuiltinModule("inspector").${this.#key}`;
    this.#carrierId = this.#idOf(
      this.#post<{ result: RemoteValue }>("Runtime.evaluate", { expression }),
    );
  }

  /**
   * The variables that the function has closed over, scope by scope, the innermost first; none when it has closed over
   * nothing, or cannot be looked into.
   *
   * @param depth - How many scopes.
   */
  scopesOf(fn: unknown, depth: number): readonly (readonly unknown[])[] {
    try {
      return this.#scopesOf(fn, depth);
    } catch {
      return [];
    }
  }

  /** The file that holds the source of the function, as a path or a URL. */
  fileOf(fn: unknown): string | undefined {
    try {
      const location = this.#internal(fn, "[[FunctionLocation]]")?.value;
      const { scriptId } = Object(location) as { readonly scriptId?: string };
      if (scriptId === undefined) return undefined;
      if (!files.has(scriptId)) this.#listFiles();
      return files.get(scriptId);
    } catch {
      return undefined;
    }
  }

  close(): void {
    Reflect.deleteProperty(this.#inspector, this.#key);
    this.#session.disconnect();
  }

  #scopesOf(fn: unknown, depth: number): readonly (readonly unknown[])[] {
    const scopes = this.#internal(fn, "[[Scopes]]");
    if (scopes?.objectId === undefined) return [];
    const found: unknown[][] = [];
    for (const { name, value } of this.#properties(scopes.objectId).result) {
      if (found.length === depth) break;
      if (!/^\d+$/.test(name) || value?.objectId === undefined) continue;
      if (/^(?:Global|Script)/.test(value.description ?? "")) continue;
      found.push(
        this.#properties(value.objectId).result.flatMap((variable) => this.#take(variable)),
      );
    }
    return found;
  }

  /** Values without an identity are left out: nobody looks for them. */
  #take({ value }: RemoteProperty): unknown[] {
    if (value?.objectId === undefined) return [];
    this.#post("Runtime.callFunctionOn", {
      objectId: this.#carrierId,
      functionDeclaration: "function (given) { this.value = given; }",
      arguments: [{ objectId: value.objectId }],
    });
    const taken = this.#carrier.value;
    this.#carrier.value = undefined;
    return [taken];
  }

  #internal(fn: unknown, wanted: string): RemoteValue | undefined {
    this.#carrier.value = fn;
    const id = this.#idOf(
      this.#post<{ result: RemoteValue }>("Runtime.callFunctionOn", {
        objectId: this.#carrierId,
        functionDeclaration: "function () { return this.value; }",
      }),
    );
    this.#carrier.value = undefined;
    return this.#properties(id).internalProperties?.find(({ name }) => name === wanted)?.value;
  }

  #properties(objectId: string): RemoteProperties {
    return this.#post("Runtime.getProperties", { objectId, ownProperties: true });
  }

  /** The protocol tells the scripts once, when debugging is switched on. */
  #listFiles(): void {
    const note = ({ params }: { params: { scriptId: string; url: string } }): void => {
      files.set(params.scriptId, params.url);
    };
    this.#session.on("Debugger.scriptParsed", note);
    this.#post("Debugger.enable");
    this.#post("Debugger.disable");
    this.#session.off("Debugger.scriptParsed", note);
  }

  #idOf({ result }: { readonly result: RemoteValue }): string {
    if (result.objectId === undefined) throw new Error("The inspector gives no object");
    return result.objectId;
  }

  #post<T>(method: string, params: object = {}): T {
    let error: Error | null = null;
    let answer: unknown;
    this.#session.post(method, params, (failure, result) => {
      error = failure;
      answer = result;
    });
    if (error !== null) throw error;
    if (answer === undefined) throw new Error("The inspector does not answer at once");
    return answer as T;
  }
}
