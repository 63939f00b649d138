/** A function of the app that fails; it gets the one that would have been right, with its arguments. */
export type Failure = (right: () => unknown) => unknown;

/** The linter takes a literal name for a mistake. */
const THEN = "then";
export const boom = new Error("boom");

/** Looking at it in any way, `instanceof` included, throws it again. */
const unreadable: object = new Proxy({}, unreadableHandler());
const frozen = Object.freeze({ frozen: true });

export const throwing = (value: unknown) => (): never => {
  throw value;
};

/** How functions fail. */
export const FAILURES: readonly (readonly [how: string, fail: Failure])[] = [
  ["throws", throwing(boom)],
  ["throws undefined", throwing(undefined)],
  ["throws null", throwing(null)],
  ['throws "route"', throwing("route")],
  ["throws a frozen object", throwing(frozen)],
  ["throws what cannot be looked at", throwing(unreadable)],
  ["throws a Proxy that was revoked", () => throwing(revoked())()],
  ["returns the wrong type", () => Symbol("wrong")],
  ["returns what cannot be looked at", () => unreadable],
  ["returns a Proxy that was revoked", () => revoked()],
  ["promises the wrong type", () => Promise.resolve(Symbol("wrong"))],
  ["rejects", () => Promise.reject(boom)],
  ["rejects with undefined", () => Promise.reject(undefined)],
  ["rejects with null", () => Promise.reject(null)],
  ['rejects with "route"', () => Promise.reject("route")],
  ["rejects with a frozen object", () => Promise.reject(frozen)],
  ["rejects with what cannot be looked at", () => Promise.reject(unreadable)],
  ["never settles", () => new Promise(() => undefined)],
  ["returns a thenable that throws in then", () => thenable(throwing(boom))],
  ["returns a thenable that never calls back", () => thenable(() => undefined)],
  ["returns a thenable whose then is rejected", () => thenable(() => Promise.reject(boom))],
  [
    "returns an object whose then cannot be read",
    () => Object.defineProperty({}, THEN, { get: throwing(boom) }),
  ],
  [
    "returns a thenable whose then can be read once",
    () => {
      let reads = 0;
      const get = () => (reads++ === 0 ? () => undefined : throwing(boom)());
      return Object.defineProperty({}, THEN, { get });
    },
  ],
  [
    "returns a thenable that is rejected, and fulfilled with what is right",
    (right) =>
      thenable((resolve, reject) => {
        reject(boom);
        resolve(right());
      }),
  ],
  [
    "returns a thenable that calls back twice and throws",
    () =>
      thenable((resolve) => {
        resolve(Symbol("wrong"));
        resolve(Symbol("again"));
        throw boom;
      }),
  ],
  [
    "returns a thenable that is fulfilled with a promise that never settles",
    () => thenable((resolve) => resolve(new Promise(() => undefined))),
  ],
  [
    "returns a thenable that is fulfilled with itself",
    () => {
      const self: object = thenable((resolve) => resolve(self));
      return self;
    },
  ],
  [
    "returns a promise with another then",
    () => Object.assign(Promise.resolve(), { [THEN]: throwing(boom) }),
  ],
];

type Then = (resolve: (value: unknown) => void, reject: (error: unknown) => void) => unknown;

function thenable(then: Then): object {
  return { [THEN]: then };
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function unreadableHandler(): ProxyHandler<object> {
  const again = (): never => {
    throw unreadable;
  };
  return { get: again, getPrototypeOf: again, has: again, ownKeys: again };
}
