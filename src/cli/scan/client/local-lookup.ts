import { type LookupAddress, type LookupAllOptions, lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { isIPv6 } from "node:net";
import { isLoopback } from "../../../core/http/origins/loopback.js";

type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Finds the addresses of a name that stands for this machine, and no others: a file of hosts or a resolver may send
 * `localhost`, and names below it, elsewhere (RFC 6761 §6.3).
 */
export function localLookup(resolve: Resolve = lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const [first, ...others] = error === null ? addresses.filter(isHere) : [];
      if (first === undefined) callback(error ?? elsewhere(hostname), "");
      else if (options.all === true) callback(null, [first, ...others]);
      else callback(null, first.address, first.family);
    });
  };
}

function isHere({ address }: LookupAddress): boolean {
  return isLoopback(isIPv6(address) ? `[${address}]` : address);
}

function elsewhere(hostname: string): Error {
  return new Error(`${hostname} has an address of another machine`);
}
