/**
 * Users over HTTP/2: each a stream at a time, on sessions that up to a hundred of them share. A session that
 * ended, or that the server is about to end, is made anew when one of its users asks next.
 * It must never send a request twice.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { GeneratorTarget } from './generator.ts';
import {
  type Answer,
  answerCharactersMax,
  connectMsMax,
  type Failure,
  type Line,
  type OnEnd,
  type Outgoing,
  type Transport,
} from './transport.ts';

/** What servers let one session have at the same time (RFC 9113, section 6.5.2, asks for 100 at least). */
const streamsPerSession = 100;

export class Http2Transport implements Transport {
  readonly #targets: readonly GeneratorTarget[];
  readonly #sessions: SharedSession[] = [];

  constructor(targets: readonly GeneratorTarget[]) {
    this.#targets = targets;
  }

  async open(users: number): Promise<readonly Line[]> {
    const sessions = Math.ceil(users / streamsPerSession);
    for (const session of this.#sessions.splice(sessions)) session.close();
    while (this.#sessions.length < sessions) {
      const target = this.#targets[this.#sessions.length % this.#targets.length];
      if (target === undefined) throw new Error('bug: a plan without targets');
      this.#sessions.push(new SharedSession(target));
    }
    await Promise.all(this.#sessions.map((session) => session.ready()));
    // Neighbours on different sessions, so that few users are spread as evenly as many.
    return Array.from({ length: users }, (_, user) => {
      const session = this.#sessions[user % sessions];
      if (session === undefined) throw new Error('bug: a user without a session');
      return new StreamLine(session);
    });
  }

  close(): void {
    for (const session of this.#sessions.splice(0)) session.close();
  }
}

/** A session, and whether it was ever of use: what became of its streams is told by that. */
interface Opened {
  readonly session: ClientHttp2Session;
  connected: boolean;
}

class SharedSession {
  readonly #target: GeneratorTarget;
  readonly #authorization: OutgoingHttpHeaders;
  #opened: Opened | undefined;

  constructor(target: GeneratorTarget) {
    this.#target = target;
    this.#authorization = target.key === '' ? {} : { authorization: `Bearer ${target.key}` };
  }

  /** Resolves when it is connected, or can not be: then the next request tries again. */
  async ready(): Promise<void> {
    const { promise: decided, resolve } = Promise.withResolvers<void>();
    const { session, connected } = this.current();
    if (connected) return;
    session.once('connect', () => resolve());
    session.once('close', () => resolve());
    const timer = setTimeout(() => session.destroy(), connectMsMax);
    await decided;
    clearTimeout(timer);
  }

  current(): Opened {
    const old = this.#opened;
    // `closed` is what GOAWAY leads to as well: what is under way goes on, nothing new begins.
    if (old !== undefined && !old.session.destroyed && !old.session.closed) return old;
    const { url, certificate } = this.#target;
    const session = connect(url, certificate === undefined ? {} : { ca: certificate });
    const opened = { session, connected: false };
    // What went wrong shows in what becomes of the streams.
    session.on('error', () => undefined);
    session.on('connect', () => {
      opened.connected = true;
    });
    this.#opened = opened;
    return opened;
  }

  headersOf({ method, path, body }: Outgoing): OutgoingHttpHeaders {
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    return {
      ':method': method,
      ':path': path,
      'user-agent': 'docket-load',
      ...this.#authorization,
      ...type,
    };
  }

  close(): void {
    this.#opened?.session.destroy();
  }
}

class StreamLine implements Line {
  readonly #session: SharedSession;
  #stream: ClientHttp2Stream | undefined;
  #onEnd: OnEnd | undefined;
  #sentAtMs = 0;

  constructor(session: SharedSession) {
    this.#session = session;
  }

  send(request: Outgoing, onEnd: OnEnd): void {
    this.#onEnd = onEnd;
    this.#sentAtMs = performance.now();
    const { body } = request;
    const opened = this.#session.current();
    const headers = this.#session.headersOf(request);
    const stream = opened.session.request(headers, { endStream: body === undefined });
    this.#stream = stream;
    stream.setEncoding('latin1');
    const answer = { status: 0, retryAfter: false, body: '' };
    stream.on('response', (head) => {
      answer.status = head[':status'] ?? 0;
      answer.retryAfter = head['retry-after'] !== undefined;
    });
    stream.on('data', (text: string) => {
      answer.body += text;
      if (answer.body.length > answerCharactersMax) stream.close(constants.NGHTTP2_CANCEL);
    });
    stream.on('end', () => {
      // A stream that was reset ends as well, but not well.
      if (stream.rstCode === constants.NGHTTP2_NO_ERROR && answer.status !== 0) this.#finish(stream, answer);
    });
    stream.on('error', () => undefined);
    stream.on('close', () => this.#finish(stream, opened.connected ? 'reset' : 'not_connected'));
    if (body !== undefined) stream.end(body, 'latin1');
  }

  expire(sentBeforeMs: number): void {
    const stream = this.#stream;
    if (stream === undefined || this.#sentAtMs > sentBeforeMs) return;
    const failure = stream.pending ? 'not_connected' : 'timed_out';
    stream.close(constants.NGHTTP2_CANCEL);
    this.#finish(stream, failure);
  }

  #finish(stream: ClientHttp2Stream, end: Answer | Failure): void {
    if (stream !== this.#stream) return;
    const onEnd = this.#onEnd;
    this.#stream = undefined;
    this.#onEnd = undefined;
    onEnd?.(end);
  }
}
