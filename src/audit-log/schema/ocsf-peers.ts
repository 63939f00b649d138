import { type ColumnValues, isAddress } from "./column-values.js";
import type { NestedColumn } from "./nest-columns.js";
import { readClass, text, whole } from "./ocsf-base.js";
import { API_ACTIVITY, AUTHENTICATION, NETWORK_ACTIVITY } from "./ocsf-class.js";

const USER_TYPES: Readonly<Record<string, number>> = { user: 1, system: 3, service: 4 };

/** What stands where a class asks for a name that the record does not say. */
const UNNAMED = "unknown";

/** Who called whom: `actor`, `user`, `src_endpoint` and `dst_endpoint`. */
export function ocsfPeers<Facts>(values: ColumnValues<Facts>): readonly NestedColumn<Facts>[] {
  const classOf = readClass(values);
  const address = values.text("client.address");
  const id = values.text("audit.actor.id");
  const type = values.text("audit.actor.type");
  const tenant = values.text("audit.actor.tenant");
  const typeOf = (facts: Facts): number => USER_TYPES[type(facts) ?? ""] ?? 0;
  const isLogin = (facts: Facts): boolean => classOf(facts).uid === AUTHENTICATION;
  // A connection has one in the profile "host" only.
  const hasActor = (facts: Facts): boolean => classOf(facts).uid !== NETWORK_ACTIVITY;
  // Where `privacy` leaves the id out: a user has at least one of both.
  const nameless = (facts: Facts): string | undefined =>
    id(facts) === undefined ? UNNAMED : undefined;
  return [
    { within: ["actor"], column: text("app_uid", values.text("audit.actor.client_id")) },
    {
      within: ["actor", "user"],
      column: text("uid", (facts) => (hasActor(facts) ? id(facts) : undefined)),
    },
    {
      within: ["actor", "user"],
      column: text("name", (facts) => (hasActor(facts) ? nameless(facts) : undefined)),
    },
    {
      within: ["actor", "user"],
      column: whole("type_id", (facts) => (hasActor(facts) ? typeOf(facts) : undefined)),
    },
    { within: ["actor", "user", "org"], column: text("uid", tenant) },
    {
      within: ["unmapped"],
      column: text("audit.actor.type", (facts) => (hasActor(facts) ? undefined : type(facts))),
    },
    {
      within: ["user"],
      column: text("uid", (facts) => (isLogin(facts) ? id(facts) : undefined)),
    },
    {
      within: ["user"],
      column: text("name", (facts) => (isLogin(facts) ? nameless(facts) : undefined)),
    },
    {
      within: ["user"],
      column: whole("type_id", (facts) => (isLogin(facts) ? typeOf(facts) : undefined)),
    },
    { within: ["src_endpoint"], column: text("ip", only(true)) },
    { within: ["src_endpoint"], column: text("uid", only(false)) },
    {
      // The class asks for something here.
      within: ["src_endpoint"],
      column: text("name", (facts) =>
        classOf(facts).uid === API_ACTIVITY && address(facts) === undefined ? UNNAMED : undefined,
      ),
    },
    { within: ["dst_endpoint"], column: text("svc_name", values.text("service.name")) },
    { within: ["dst_endpoint"], column: text("instance_uid", values.text("service.instance.id")) },
  ];

  function only(wanted: boolean): (facts: Facts) => string | undefined {
    return (facts) => {
      const value = address(facts);
      return isAddress(value) === wanted ? value : undefined;
    };
  }
}
