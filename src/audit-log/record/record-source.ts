import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { jsonMember, jsonText } from "../text/json-text.js";

/** The service that records name. */
export interface ServiceIdentity {
  readonly name: string;
  readonly version: string | undefined;
}

/** Version of the record's format: it changes when a field changes its meaning or goes away. */
export const SCHEMA_VERSION = "1";

/** What all records of one audit log share: the service, this process, and the numbering of the records. */
export class RecordSource {
  /** The members `service.*`, as JSON. */
  readonly service: string;
  readonly #stream = randomUUID();
  #number = 0;

  constructor({ name, version }: ServiceIdentity) {
    const instance = `"service.instance.id":${jsonText(`${hostname()}:${process.pid}`)}`;
    this.service =
      instance + jsonMember("service.name", name) + jsonMember("service.version", version);
  }

  /** The next record id: one random part per audit log and a number without gaps, so that a missing record shows. */
  nextId(): string {
    this.#number += 1;
    return `${this.#stream}-${this.#number}`;
  }
}
