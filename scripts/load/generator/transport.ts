/**
 * What the sender needs of a protocol: lines that carry one request at a time, be they connections of
 * HTTP/1.1 or streams of HTTP/2. It must not know what is asked for.
 */

export interface Outgoing {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** JSON, in ASCII; undefined where the request has no body. */
  readonly body: string | undefined;
}

export interface Answer {
  readonly status: number;
  /** Whether it says when to come back. */
  readonly retryAfter: boolean;
  /** Its bytes, one character each. */
  readonly body: string;
}

/**
 * Without an answer: the connection ended (or what came over it was no HTTP), the time was over, or there was
 * no connection to be had.
 */
export type Failure = 'reset' | 'timed_out' | 'not_connected';

/** Called once for each request, never while it is being sent. */
export type OnEnd = (end: Answer | Failure) => void;

export interface Line {
  /** Connects first where need be. Only one request at a time. */
  send(request: Outgoing, onEnd: OnEnd): void;
  /** Gives up the request under way if it was sent before this instant of `performance.now()`. */
  expire(sentBeforeMs: number): void;
}

export interface Transport {
  /** Makes as many lines as there are users, and connects them as far as that can be done. */
  open(users: number): Promise<readonly Line[]>;
  close(): void;
}

/** Connections that are made at the same time: as many as servers let wait, and some to spare. */
export const connectingMax = 256;
/** A server that takes no connection within this is judged by what becomes of the requests. */
export const connectMsMax = 10_000;
/** A longer answer is none: nothing that a load test asks for comes near it. */
export const answerCharactersMax = 64 * 1_024 * 1_024;
