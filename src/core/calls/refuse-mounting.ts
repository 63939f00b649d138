import { MountingError } from "./mounting-error.js";

/**
 * Tells who mounted a function that only looks at what it is given, as in `app.use(getPrincipal)`: nobody would answer
 * the request, which would hang.
 *
 * @param next - The third argument that the function got: Express gives middlewares a function.
 * @throws {@link MountingError} when it is a function.
 */
export function refuseMounting(name: string, next: unknown): void {
  if (typeof next === "function") {
    throw new MountingError(`${name} is no middleware: call it in a handler`);
  }
}
