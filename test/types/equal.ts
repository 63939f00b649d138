/** `true` when the types are the same. */
export type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Does not compile when the type is not `true`. */
export function assertType<_Condition extends true>(): void {}
