/** What a client may take of the proxy. They hold against slow and greedy clients and are wide for honest ones. */
export const LIMITS = {
  headerBytesMax: 16 * 1024,
  /** From the first byte of a request to the end of its headers. */
  headersTimeoutMs: 15_000,
  /** Without a byte in either direction while a body is on its way. */
  idleTimeoutMs: 60_000,
  /** Between two requests of one connection. Longer than what usual clients and load balancers wait. */
  keepAliveTimeoutMs: 75_000,
  connectionsMax: 8192,
  /** Open at once from one address; clients behind one gateway share it. */
  connectionsPerAddressMax: 1024,
} as const;

/** What a backend may take. */
export const BACKEND_LIMITS = {
  connectTimeoutMs: 2000,
  /** From the whole request to the first byte of the answer. */
  answerTimeoutMs: 120_000,
  /** A connection idle for longer is not used again. Shorter than what servers usually wait before they close it. */
  idleConnectionMs: 4000,
  /** How often a backend is asked that took no connection. */
  probeIntervalMs: 500,
  /** How often a request is tried in all. */
  attemptsMax: 3,
} as const;
