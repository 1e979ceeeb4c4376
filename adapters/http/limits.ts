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
  /** Requests that are being answered at once, health checks not counted. */
  requestsInFlightMax: 4_096,
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
  /** Events in one page of a ticket's history. */
  eventsPageMax: 1_000,
  eventsPageDefault: 100,
  /** Windows in one answer about throughput. */
  throughputWindowsMax: 10_000,
  throughputWindowsDefault: 60,
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
