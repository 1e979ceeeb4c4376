/**
 * Every bound of what comes in by webhook, in one place, with its default. A delivery beyond one of them is
 * refused, so that its source knows of it; nothing is ever cut.
 */
export const webhookLimits = {
  /** Of one delivery. */
  bodyBytesMax: 2 * 1024 * 1024,
  /** Of all bodies that are held at once, from their first byte to their answer. */
  bodyBytesInFlightMax: 64 * 1024 * 1024,
  /** Lists and maps inside each other in a body. */
  bodyDepthMax: 32,
  /** Events of one CloudEvents batch. */
  batchEventsMax: 100,
  /** Deliveries that are being worked on at once. */
  requestsInFlightMax: 256,
  /** Open connections; further ones are closed as they come. */
  connectionsMax: 1_024,
  /** Address and headers of one request together. */
  headerBytesMax: 16 * 1024,
  /** For the headers of a request to arrive. */
  headersMsMax: 10_000,
  /** For a whole request to arrive. */
  requestMsMax: 30_000,
  /** How often Node looks for requests that are late to arrive. */
  arrivalSweepMs: 2_000,
  /** Silence between two requests of one connection. */
  keepAliveMsMax: 30_000,
  /** How long a stopping listener waits for answers that are under way. */
  drainMsMax: 10_000,
  /** Of one delivery id; longer ones are remembered by their digest. */
  deliveryIdCharactersMax: 100,
  /**
   * How long a delivery for a ticket that is not open yet is taken to be early. Jira delivers some of its
   * webhooks up to 15 minutes late.
   */
  earlyMsMax: 30 * 60_000,
  /** Letters kept: dead ones and early ones. Beyond it deliveries are refused, for their source to keep. */
  lettersMax: 10_000,
  /** Of one letter as JSON; larger ones are refused. */
  letterBytesMax: 4 * 1024 * 1024,
  /** Of all letters together, as JSON. */
  letterBytesInAllMax: 96 * 1024 * 1024,
  /**
   * How long it is remembered what became of a letter, and up to when a ticket is known, where no event of
   * the ticket says so. Longer than any source goes on trying (Standard Webhooks: 76 hours).
   */
  rememberedMsMax: 30 * 24 * 3_600_000,
  /** How many such things are remembered; the oldest go first. */
  rememberedMax: 50_000,
  /** How often the letters of one ticket are gone through again after one of its deliveries was applied. */
  retryRoundsMax: 20,
  /** Letters of one ticket that are gone through then, oldest first; the others wait to be replayed. */
  retryLettersMax: 100,
  /** Letters in one answer. */
  lettersPageMax: 1_000,
};
export type WebhookLimits = typeof webhookLimits;

/** What Retry-After says where the source should send again. */
export const retryAfterSeconds = 5;

/** Bounds of what users write: definitions and secrets. */
export const definitionBounds = {
  fileBytesMax: 1024 * 1024,
  sourcesMax: 100,
  rulesMax: 100,
  commandsMax: 50,
  valuesMax: 50,
  headersMax: 30,
  /** Secrets that hold at once for one source, so that they can be changed without a gap. */
  secretsMax: 5,
  toleranceMsMax: 24 * 3_600_000,
} as const;
