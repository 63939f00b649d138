/**
 * A mistake in the setup of the app that only a request shows, such as two middlewares in the wrong order. The request is
 * refused with 500; the text, which has no input in it, is for the developer.
 */
export class MountingError extends Error {
  override readonly name: string = "MountingError";
}
