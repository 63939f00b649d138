import { addressNetwork } from "../../core/http/client-address.js";
import { type AlertTraits, IPV6_PREFIX } from "./alert-traits.js";

/** What rules count an event of a connection by: there is no request. */
export function connectionTraits(event: string, address: string | undefined): AlertTraits {
  return {
    event,
    address: address === undefined ? undefined : addressNetwork(address, IPV6_PREFIX),
    subject: undefined,
    isService: false,
    account: undefined,
    token: undefined,
    route: undefined,
    target: undefined,
    requestId: undefined,
    request: undefined,
  };
}
