/** A member that says where a record belongs, or how to read it. */
export type MemberRole =
  | "number"
  | "previous"
  | "stream"
  | "id"
  | "schema"
  | "event"
  | "signature"
  /** One that says more about the chain: of a checkpoint, a key, a segment, or an end. */
  | "special";

/** Where a member is in a line: its name, its value and the end of that, with their quotes; -1 when there is none. */
export interface MemberPlace {
  name: number;
  value: number;
  end: number;
}

/** Where the members of the chain are in a line, in the record itself or in its `unmapped` object. */
export type ChainMembers = { readonly [Role in MemberRole]: MemberPlace };

const ROLES: ReadonlyMap<string, MemberRole> = new Map([
  ["audit.sequence.number", "number"],
  ["audit.sequence.previous_hash", "previous"],
  ["audit.sequence.stream_id", "stream"],
  ["audit.record.id", "id"],
  ["audit.schema.version", "schema"],
  ["event.name", "event"],
  ["audit.checkpoint.signature", "signature"],
]);

const SPECIAL = /^audit\.(?:checkpoint\.|expired\.|previous\.|segment\.|sequence\.end$)/;

/** What a member says; `undefined` when it is nothing about the chain. */
export function roleOf(name: string): MemberRole | undefined {
  return ROLES.get(name) ?? (SPECIAL.test(name) ? "special" : undefined);
}

export function noMembers(): ChainMembers {
  const none = (): MemberPlace => ({ name: -1, value: -1, end: -1 });
  return {
    number: none(),
    previous: none(),
    stream: none(),
    id: none(),
    schema: none(),
    event: none(),
    signature: none(),
    special: none(),
  };
}
