/** One rule that stood against a call, as data for whoever made it. */
export interface Violation {
  /** From the registry of errors. */
  code: string;
  message: string;
  /** The request's field that the rule looked at, such as `events[3].content`. */
  field: string;
  /** The recorded event that stands against it, when one does. */
  sequenceNumber: number | undefined;
  /** Facts that a program can use, such as `constraint` and `value`. */
  metadata?: Readonly<Record<string, string>>;
}
