/**
 * Every bound of the HTTP server, in one place, with its default. A request beyond one of them is refused
 * with a problem document that names it; none of them is ever switched off by leaving it out.
 */
export const httpLimits = {
  /** Of one request body. The largest legal command fits: 100 fields of 16,384 characters, escaped. */
  bodyBytesMax: 16 * 1024 * 1024,
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
