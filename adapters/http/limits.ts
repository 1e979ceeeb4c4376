/**
 * Every bound of the HTTP server, in one place, with its default. A request beyond one of them is refused
 * with a problem document that names it; none of them is ever switched off by leaving it out.
 */
export const httpLimits = {
  /** Of one request body. The largest legal command fits: 100 fields of 16,384 characters, escaped. */
  bodyBytesMax: 16 * 1024 * 1024,
  /** Arrays and objects in each other in one JSON body; no command needs a quarter of it. */
  bodyDepthMax: 32,
  /** Of all request bodies that are held at once, from their first byte to their answer. */
  bodyBytesInFlightMax: 256 * 1024 * 1024,
  /** Requests that wait or are being answered at once, health checks and streams not counted. */
  requestsInFlightMax: 4_096,
  /** Reads, and writes, that are let in at once, however slow they are. */
  atOnceLeast: 128,
  /** And however fast. In between it is found out by how long answers take. */
  atOnceMost: 2_048,
  /** Of the average answer, from when its request was let in: beyond it fewer are let in at once. */
  answerMsTarget: 50,
  /** The same where answers take longer without any load, as on a slow disk. */
  answerMsTargetMost: 1_000,
  /** How often it is decided how many are let in. */
  measuringMs: 100,
  /** Bulk requests that are let in at once. Together they fit into the engine's queue. */
  bulkAtOnceMax: 8,
  /** How long a request waits to be let in, before it is refused. */
  waitMsMax: 200,
  /** The same for bulk requests: who sends them would rather wait than send megabytes again. */
  bulkWaitMsMax: 5_000,
  /** How often requests that waited too long are looked for. */
  admissionSweepMs: 10,
  /** Of them, where there is time to spare. Where there is none a tenth of what is answered is refused. */
  refusalsPerSweepMax: 128,
  /** How long a connection is not read, at least, after a request beyond `requestsInFlightMax`. */
  refusedPauseMs: 1_000,
  /** Callers whose use is remembered, for each of the rate limits; about 150 bytes each. */
  bucketsMax: 65_536,
  /** Open connections; further ones are closed as they come. */
  connectionsMax: 16_384,
  /** Address and headers of one request together. */
  headerBytesMax: 16 * 1024,
  /** Of one part of the address, such as a ticket id. */
  paramCharactersMax: 200,
  /** For the headers of a request to arrive. */
  headersMsMax: 10_000,
  /** For a whole request to arrive, streams of commands excepted. */
  requestMsMax: 60_000,
  /** From a request's headers to the beginning of its answer. */
  answerMsMax: 60_000,
  /** How often late answers are looked for. */
  answerSweepMs: 1_000,
  /** How often Node looks for requests that are late to arrive. */
  arrivalSweepMs: 2_000,
  /** Silence on a connection in the middle of a request or an answer. */
  silenceMsMax: 120_000,
  /** Silence between two requests of one connection. */
  keepAliveMsMax: 72_000,
  /** How long a stopping server waits for answers that are under way. */
  drainMsMax: 10_000,
  /** How often a stopping server closes the connections that became idle meanwhile. */
  drainSweepMs: 50,
  /**
   * For how long a stopping server tells its callers so on every answer, before it closes idle connections:
   * what they had sent by then is still answered.
   */
  farewellMs: 100,
  /** For a TLS handshake. */
  handshakeMsMax: 10_000,
  /** HTTP/2: requests at once on one connection. */
  http2StreamsMax: 128,
  /** HTTP/2: what one connection may make the server hold, beside bodies that are being read. */
  http2SessionMiBMax: 10,
  /** HTTP/2: bytes of one body that a client may send ahead of their being read. */
  http2WindowBytes: 256 * 1024,
  /** HTTP/2: headers of one request. */
  http2HeadersMax: 128,
  /** HTTP/2: entries in one SETTINGS frame. */
  http2SettingsMax: 32,
  /** HTTP/2: streams that a connection may cancel at once, and how many more in each second after. */
  http2ResetsBurst: 1_000,
  http2ResetsPerSecond: 33,
  /** HTTP/2: frames that break the protocol, or streams beyond their bound, until a connection is closed. */
  http2InvalidFramesMax: 100,
  http2RejectedStreamsMax: 100,
  /** Of an answer, from which on it is worth compressing. */
  compressBytesMin: 1_024,
  /** Commands in one bulk request. */
  bulkCommandsMax: 10_000,
  /** Of one line of a stream of commands. The largest legal command fits. */
  bulkLineBytesMax: 10 * 1024 * 1024,
  /** Of one stream that are decided, or wait to be: beyond it nothing more is read from its connection. */
  bulkLinesInFlightMax: 8_192,
  bulkBytesInFlightMax: 4 * 1024 * 1024,
  /** Of answers that a stream has ready and its caller does not read. */
  bulkAnswerBytesMax: 1024 * 1024,
  /** In one stream; further lines go into another one. */
  bulkLinesMax: 10_000_000,
  /** Silence in the middle of a stream: no line comes, or no answer is read. */
  bulkSilenceMsMax: 30_000,
  /** For one whole stream. */
  bulkStreamMsMax: 3_600_000,
  /** How long a stream that was ended early waits for its caller to read why. */
  bulkLingerMs: 1_000,
  /** Answers that are kept to be given again under the same Idempotency-Key. */
  idempotencyEntriesMax: 100_000,
  /** Of all of them together, their bodies only. */
  idempotencyBytesMax: 64 * 1024 * 1024,
  /** Of one; larger ones are not kept, and what they accepted is still never done twice. */
  idempotencyAnswerBytesMax: 256 * 1024,
  /** For how long an answer is kept, unless newer ones need its place. */
  idempotencyMsMax: 24 * 3_600_000,
  /** Events in one page, of a ticket's history or of the log. */
  eventsPageMax: 1_000,
  eventsPageDefault: 100,
  /** For a read to wait until what it reads holds the position that min-position names. */
  positionWaitMsMax: 5_000,
  /** Reads that wait so at once; further ones are refused with `overloaded`. */
  positionWaitersMax: 256,
  /** Tickets in one page of a list. */
  listPageMax: 200,
  listPageDefault: 50,
  /** How often rows are fetched for one page where some of them may not be shown; then it comes short. */
  listRoundsMax: 5,
  /** Rows of one such fetch, where every row has to be looked at. */
  listRowsPerRound: 200,
  /** Lists that are being made at once; further ones are refused with `overloaded`. */
  listsAtOnceMax: 512,
  /** Values of one filter, joined by commas. */
  filterValuesMax: 50,
  /** Filters by custom fields in one question. */
  fieldFiltersMax: 10,
  /** Of the words of a full-text search. */
  searchCharactersMax: 500,
  /** Of a cursor as it comes back. */
  cursorCharactersMax: 1_000,
  /** Windows in one answer about throughput. */
  throughputWindowsMax: 10_000,
  throughputWindowsDefault: 60,
  /** Events that are looked at for one page; where few pass the filter, it is sent before it is full. */
  eventsScannedMax: 100_000,
  /** Of the JSON of such a page, and for finding its events; it is sent before it is full as well. */
  eventsPageCharactersMax: 8 * 1024 * 1024,
  eventsPageMsMax: 2_000,
  /** Events in one answer of lines, and those that are looked at for it. */
  eventsExportMax: 1_000_000,
  eventsExportScannedMax: 20_000_000,
  /** Events of an answer of lines that are held at once. */
  eventsExportBatchMax: 128,
  /** Answers of lines that are under way at once. */
  eventExportsMax: 32,
  /** Streams of events that are open at once, in all and for one principal. */
  streamsMax: 4_096,
  streamsOfPrincipalMax: 2_048,
  /** The last events of a partition that are kept for all streams, and their bytes as they are sent. */
  streamRecentEventsMax: 16_384,
  streamRecentBytesMax: 32 * 1024 * 1024,
  /** Of what is written to a stream at once, unless one event is larger: what a slow reader may hold. */
  streamChunkBytesMax: 64 * 1024,
  /** Streams that read the log at once because they are behind the recent events. */
  streamCatchUpsMax: 4,
  /** Events that such a stream is told at a time, and those that it looks at for them. */
  streamPageEventsMax: 128,
  streamScanEventsMax: 4_096,
  /** Tickets that are remembered for a moment to decide what is shown of their events. */
  streamTicketsMax: 10_000,
  /** Streams that are told news before other work gets its turn. */
  streamListenersAtATime: 64,
  /** How long streams rest after all were told news, if that took as long, before they are told more. */
  streamRestMsMax: 50,
  /** Silence after which a stream says that it lives. */
  streamHeartbeatMs: 15_000,
  /** How long a stream's reader may take nothing before it is cut. */
  streamSilenceMsMax: 30_000,
  /** How often streams are looked after: revoked credentials, silence in both directions. */
  streamSweepMs: 1_000,
  /** When readers of a stream that has ended come back. */
  streamRetryMs: 2_000,
  /** Keys or changes of access in one page. */
  accessPageMax: 1_000,
  accessPageDefault: 100,
  /** Letters in one answer about webhooks. */
  deadLettersPageMax: 1_000,
  deadLettersPageDefault: 100,
  /** For one check of readiness. */
  readyCheckMsMax: 2_000,
};
export type HttpLimits = typeof httpLimits;

/** What Retry-After says where trying again may help. */
export const retryAfterSeconds = 1;

/** How many mistakes of one input are named; the rest would only be noise. */
export const inputErrorsMax = 10;
/** Of the place of a mistake: callers may send names of any length, and get them back only in part. */
export const inputPathCharactersMax = 200;
