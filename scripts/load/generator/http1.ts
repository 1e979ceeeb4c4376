/**
 * Users over HTTP/1.1: each a connection of its own, with at most one request under way. A connection that
 * broke, or that the server is about to close because nothing was asked for long, is made anew when its user
 * asks next, so that every request meets what a real client would meet.
 * It must never send a request twice: whether the first one was carried out is for the log to tell.
 */
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import type { GeneratorTarget } from './generator.ts';
import { AnswerReader, type ReadAnswer } from './http1-answer.ts';
import {
  connectingMax,
  connectMsMax,
  type Failure,
  type Line,
  type OnEnd,
  type Outgoing,
  type Transport,
} from './transport.ts';

/** Not used in the last part of the time that the server keeps it: it may close it just then. */
const keepAliveMarginMs = 1_000;

export class Http1Transport implements Transport {
  readonly #targets: readonly Target[];
  readonly #lines: Http1Line[] = [];

  constructor(targets: readonly GeneratorTarget[]) {
    this.#targets = targets.map((target) => new Target(target));
  }

  async open(users: number): Promise<readonly Line[]> {
    for (const line of this.#lines.splice(users)) line.close();
    while (this.#lines.length < users) {
      const target = this.#targets[this.#lines.length % this.#targets.length];
      if (target === undefined) throw new Error('bug: a plan without targets');
      this.#lines.push(new Http1Line(target));
    }
    const unconnected = this.#lines.filter((line) => !line.usable);
    while (unconnected.length > 0) {
      await Promise.all(unconnected.splice(0, connectingMax).map((line) => line.connect()));
    }
    return this.#lines;
  }

  close(): void {
    for (const line of this.#lines.splice(0)) line.close();
  }
}

/** A server: how to reach it, and the headers that every request to it has. */
class Target {
  readonly #url: URL;
  readonly #certificate: string | undefined;
  readonly #headers: string;

  constructor({ url, key, certificate }: GeneratorTarget) {
    this.#url = new URL(url);
    this.#certificate = certificate;
    const authorization = key === '' ? '' : `authorization: Bearer ${key}\r\n`;
    this.#headers = `host: ${this.#url.host}\r\nuser-agent: docket-load\r\n${authorization}`;
  }

  /** `onConnected` is told when requests can be sent over it. */
  connect(onConnected: () => void): Socket {
    const secure = this.#url.protocol === 'https:';
    const host = this.#url.hostname.replaceAll(/^\[|\]$/g, '');
    const port = Number(this.#url.port || (secure ? 443 : 80));
    if (!secure) return connectPlain({ host, port, noDelay: true }, onConnected);
    const ca = this.#certificate === undefined ? {} : { ca: this.#certificate };
    const socket = connectSecurely({ host, port, ALPNProtocols: ['http/1.1'], ...ca }, onConnected);
    return socket.setNoDelay(true);
  }

  textOf({ method, path, body }: Outgoing): string {
    const head = `${method} ${path} HTTP/1.1\r\n${this.#headers}`;
    if (body === undefined) return `${head}\r\n`;
    return `${head}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  }
}

class Http1Line implements Line {
  readonly #target: Target;
  #socket: Socket | undefined;
  #connected = false;
  #reader = new AnswerReader();
  #onEnd: OnEnd | undefined;
  #sentAtMs = 0;
  /** Of the connection, by `performance.now()`; after this it is made anew. */
  #usableUntilMs = Number.POSITIVE_INFINITY;
  #keepAliveMs = Number.POSITIVE_INFINITY;

  constructor(target: Target) {
    this.#target = target;
  }

  get usable(): boolean {
    return this.#socket?.writable === true && performance.now() < this.#usableUntilMs;
  }

  /** Resolves when it is connected, or can not be: then the next request tries again. */
  async connect(): Promise<void> {
    const { promise: decided, resolve } = Promise.withResolvers<void>();
    const socket = this.#open(resolve);
    socket.once('close', () => resolve());
    const timer = setTimeout(() => socket.destroy(), connectMsMax);
    await decided;
    clearTimeout(timer);
  }

  send(request: Outgoing, onEnd: OnEnd): void {
    this.#onEnd = onEnd;
    this.#sentAtMs = performance.now();
    const socket = this.#socket !== undefined && this.usable ? this.#socket : this.#open(() => undefined);
    socket.write(this.#target.textOf(request), 'latin1');
  }

  expire(sentBeforeMs: number): void {
    if (this.#onEnd === undefined || this.#sentAtMs > sentBeforeMs) return;
    const connected = this.#connected;
    this.#drop();
    this.#finish(connected ? 'timed_out' : 'not_connected');
  }

  close(): void {
    this.#drop();
  }

  #open(onConnected: () => void): Socket {
    this.#drop();
    const socket = this.#target.connect(() => {
      if (socket === this.#socket) this.#connected = true;
      onConnected();
    });
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#receive(text));
    socket.on('end', () => this.#receiveEnd());
    // What went wrong shows in what 'close' finds.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#lose(socket));
    return socket;
  }

  /** Whatever the old connection still says is not heard: `#lose` and the listeners are gone with it. */
  #drop(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    this.#connected = false;
    this.#reader = new AnswerReader();
    this.#usableUntilMs = Number.POSITIVE_INFINITY;
    this.#keepAliveMs = Number.POSITIVE_INFINITY;
    socket.removeAllListeners('data');
    socket.removeAllListeners('end');
    socket.destroy();
  }

  #receive(text: string): void {
    // Nobody asked: an answer to what was given up, or a server's farewell (408).
    if (this.#onEnd === undefined) {
      this.#drop();
      return;
    }
    try {
      const answer = this.#reader.push(text);
      if (answer !== undefined) this.#take(answer);
    } catch {
      // No HTTP: neither this answer nor the next could be told apart.
      this.#fail('reset');
    }
  }

  #receiveEnd(): void {
    const answer = this.#reader.end();
    if (answer !== undefined) this.#take(answer);
  }

  #take(answer: ReadAnswer): void {
    if (answer.keepAliveMs !== undefined) this.#keepAliveMs = answer.keepAliveMs - keepAliveMarginMs;
    this.#usableUntilMs = performance.now() + this.#keepAliveMs;
    if (answer.last) this.#drop();
    this.#finish(answer);
  }

  #lose(socket: Socket): void {
    if (socket === this.#socket) this.#fail(this.#connected ? 'reset' : 'not_connected');
  }

  #fail(failure: Failure): void {
    this.#drop();
    this.#finish(failure);
  }

  #finish(end: ReadAnswer | Failure): void {
    const onEnd = this.#onEnd;
    this.#onEnd = undefined;
    onEnd?.(end);
  }
}
