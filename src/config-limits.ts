/** Every limit of the gateway in one place. The unit is the end of the name. */
export const defaultLimits = {
  /** One request or answer over HTTP. */
  bodyLimitBytes: 1_048_576,
  jsonDepth: 32,
  requestTimeoutMs: 30_000,
  headersTimeoutMs: 10_000,
  keepAliveTimeoutMs: 65_000,
  /** Connections open at once at the port for exchanges; how long a TLS handshake there may take. */
  exchangeConnections: 1_000,
  handshakeTimeoutMs: 10_000,
  /** How often every open connection's certificate is looked at again. */
  peerCheckMs: 1_000,
  /** One call to an exchange, from connecting to the last byte. */
  exchangeTimeoutMs: 10_000,
  /** From SIGTERM to the end: requests and deliveries under way are finished, nothing new begins. */
  drainTimeoutMs: 20_000,
  pageLimit: 200,
  pageDefault: 50,
  poolSize: 20,
  statementTimeoutMs: 30_000,
  lockTimeoutMs: 10_000,
  /** One book loaded or one partition compared; partitions compared at once. */
  clearingTimeoutMs: 600_000,
  clearingJobs: 2,
  /** A partition belongs to a gateway that no longer answers for so long; how often it is asked what others have done. */
  clearingLockMs: 30_000,
  clearingPollMs: 250,
  /** Bad rows kept of one book, and bytes of each; with more of them the book is refused. */
  quarantineRows: 1_000,
  quarantineBytes: 4_096,
  /** Looks at days not closed yet; between two tries to fetch an exchange's books: base × 2ⁿ up to the cap. */
  clearingIntervalMs: 5_000,
  bookRetryBaseMs: 10_000,
  bookRetryCapMs: 300_000,
  /** A book brought by hand. */
  bookUploadBytes: 256 * 1_048_576,
  /** Live progress: looks for something new, lines that keep a connection, watchers at once, and how long it is kept. */
  eventPollMs: 500,
  eventHeartbeatMs: 15_000,
  eventStreams: 200,
  eventKeptHours: 72,
  /** From this amount on two checkers must approve, and the supervisor is told (an assumption: 1,000,000.00). */
  twoCheckersFen: 100_000_000,
  escalationFen: 100_000_000,
  /** Breaks acted on in one request, and the bytes of one attachment. */
  breaksAtOnce: 500,
  attachmentBytes: 10 * 1_048_576,
  /** Rows of one report, and of one that is laid out on pages. */
  reportRows: 200_000,
  reportPdfRows: 2_000,
  /** A delivery belongs to one gateway for so long, and longer while its call lasts; then another may take it. */
  leaseMs: 6_000,
  /** The line to an exchange that allows one belongs to one gateway for so long, renewed by every beat. */
  termMs: 5_000,
  beatMs: 1_000,
  /** Calls in a row that nothing came back of cut a line off; it is tried after base × 2ⁿ with jitter, up to the cap. */
  breakerFailures: 5,
  breakerBaseMs: 500,
  breakerCapMs: 10_000,
  /** Threads for SM2 signatures, and signatures waiting for them; what comes beyond is done on the main thread. */
  sm2Threads: 1,
  sm2Waiting: 1_000,
  /** Waits between two tries: base × 2ⁿ with jitter, never more than the cap. */
  retryBaseMs: 1_000,
  retryCapMs: 300_000,
  retryAttempts: 20,
  deliveryBatch: 100,
  /** Requests under way at one exchange at once. */
  deliveryConcurrency: 64,
  /** Arrivals in one transaction; arrivals of one exchange waiting before its answer is `busy`. */
  intakeBatch: 128,
  /** While messages come in numbers, how long a commit or a look into the outbox waits for more. */
  lingerMs: 20,
  intakeWaiting: 5_000,
  /** How long a message that refers to something unknown is put off, where the transport may reorder. */
  patienceMs: 10_000,
  /** The next look into an outbox that was empty (exchanges that are polled). */
  outboxPollMs: 200,
  /** The slow look behind LISTEN/NOTIFY and the queue: what was missed is found at the latest then. */
  pollIntervalMs: 1_000,
  /** Looking for a new trust list, certificates and revocation lists: well below the five seconds a revocation may take. */
  trustPollMs: 1_000,
  sweepIntervalMs: 15_000,
  sweepBatch: 500,
  /** A signed message older or newer than this is refused. */
  clockSkewMs: 300_000,
  /** A clock further off than this, by the median of the last signed times, is alarmed. */
  clockAlarmMs: 60_000,
  idempotencyKeptHours: 72,
  /** A login ends after so long, and after so long without being used. */
  sessionHours: 12,
  sessionIdleMinutes: 30,
  /** Wrong passwords in a row before each further try waits: first so long, then double, up to the cap. */
  loginAttempts: 5,
  loginWaitMs: 30_000,
  loginWaitCapMs: 900_000,
  /** argon2id (RFC 9106): memory and passes of one password; how many are worked on at once and how many wait. */
  argon2MemoryKiB: 19_456,
  argon2Passes: 2,
  argon2AtOnce: 2,
  argon2Waiting: 32,
  /** A program's key, at most. */
  apiKeyDays: 365,
  /** Rows of the journal get their leaves so often, and so many in one transaction. */
  logIntervalMs: 500,
  logBatch: 2_000,
  /** The log is made anew from its rows, so many leaves at a time, so often; after the last it begins again. */
  recomputeIntervalMs: 1_000,
  recomputeSlice: 250,
  /** The tree of the journal is signed so often when it has grown, and then put before the witnesses. */
  checkpointIntervalMs: 10_000,
  /** One question to a witness; the longest wait after one that failed; and when it is asked again though nothing grew. */
  witnessTimeoutMs: 5_000,
  witnessRetryCapMs: 60_000,
  witnessHeartbeatMs: 60_000,
  /** Settlement stops when no quorum of witnesses has confirmed the log for so long. */
  quorumSilenceMs: 300_000,
  /** At the witness: one request, requests in line, connections, and the bytes of one file of its archive. */
  witnessBodyBytes: 65_536,
  witnessWaiting: 16,
  witnessConnections: 64,
  witnessArchiveBytes: 64 * 1_048_576,
  /** Between closes each exchange's books are looked at so often, from so many days ago on. */
  standingIntervalMs: 15_000,
  standingDays: 3,
  /** What differs is on its way for so long at most; then it is a difference. */
  standingPatienceMs: 30_000,
  /** Cells of a sketch, differing rows asked for in one look, leaves of the log in one transaction. */
  standingCells: 4_096,
  standingRows: 500,
  standingLeaves: 2_000,
  standingTimeoutMs: 10_000,
  standingAnswerBytes: 64 * 1_048_576,
  /** At the standing post: one request, connections, and sets kept at once. */
  standingBodyBytes: 65_536,
  standingConnections: 64,
  standingSets: 16,
  statementFileLimitBytes: 256 * 1_048_576,
} as const;

export type Limits = { readonly [Name in keyof typeof defaultLimits]: number };
