/** One part of a bill of materials. */
export interface Component {
  readonly name: string;
  readonly version: string | null;
  /** Package URL; null when the report has none. */
  readonly purl: string | null;
  /** `library`, `application`, `container` ...; as the report says. */
  readonly type: string;
  /** SPDX ids, expressions, or names as written. Empty: the report knows none, which is not "free to use". */
  readonly licences: readonly string[];
}
