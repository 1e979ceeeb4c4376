/**
 * Every bound of the HTTP server, in one place, with its default. A request beyond one of them is refused
 * with a problem document that names it; none of them is ever switched off by leaving it out.
 */
export const httpLimits = {
  /** Of one request body. The largest legal command fits: 100 fields of 16,384 characters, escaped. */
  bodyBytesMax: 16 * 1024 * 1024,
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
  /** For a whole request to arrive. */
  requestMsMax: 60_000,
  /** From a request's headers to its answer. */
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
