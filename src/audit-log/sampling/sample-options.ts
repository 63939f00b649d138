/** Which successes have a record. */
export interface SampleOptions {
  /**
   * The part of the ordinary successes that has a record, from 0 to 1: of all of them, or by pattern, such as
   * `{ "GET /catalog/*": 0.01 }`, of which the first one that covers the path as it arrived counts; what none covers is
   * recorded. Patterns match only their exact spelling, as in `except`; one for a
   * method other than GET, HEAD, OPTIONS and TRACE is an error. @default 1
   */
  readonly success?: number | Readonly<Record<string, number>> | undefined;
}
