/**
 * The open connections of a server, HTTP/1.1 and HTTP/2 alike: which of them are idle, and an end to them.
 * Node does this for HTTP/1.1; for HTTP/2 it knows only silence, which a client that pings never keeps.
 */
import type { Server } from 'node:http';
import { constants, type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { HttpLimits } from './limits.ts';

type ConnectionLimits = Pick<HttpLimits, 'keepAliveMsMax' | 'headersMsMax' | 'arrivalSweepMs'>;

/** The largest stream id: who is told it may finish what he has begun, and begins nothing more. */
const lastStreamId = 2 ** 31 - 1;

/** What a session was used for. */
interface SessionUse {
  streamsOpen: number;
  streamsEver: number;
  /** Since when no stream has been open. */
  idleSince: number;
}

export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Map<ServerHttp2Session, SessionUse>();
  readonly #sweep: NodeJS.Timeout;

  constructor(server: Server, limits: ConnectionLimits) {
    this.#server = server;
    this.#limits = limits;
    server.on('connection', (socket) => this.#keep(socket));
    // A TLS connection is told of twice: when it comes, and as what is inside it.
    server.on('secureConnection', (socket: TLSSocket) => this.#keep(socket));
    server.on('session', (session: ServerHttp2Session) => this.#keepSession(session));
    this.#sweep = setInterval(() => this.#closeIdleSessions(), limits.arrivalSweepMs);
    // A server that no longer listens must not keep its process alive.
    this.#sweep.unref();
  }

  /** How many are open, by the version of HTTP that they speak. */
  get open(): { readonly http1: number; readonly http2: number } {
    const isSecure = 'setSecureContext' in this.#server;
    let http1 = 0;
    for (const socket of this.#sockets) {
      const protocol = 'alpnProtocol' in socket ? socket.alpnProtocol : undefined;
      // Of TLS, what is inside a connection counts, and not what carries it.
      if (isSecure ? protocol !== undefined && protocol !== 'h2' : true) http1 += 1;
    }
    return { http1, http2: this.#sessions.size };
  }

  get none(): boolean {
    return this.#sockets.size === 0;
  }

  /** Asks HTTP/2 clients for no further requests; those on their way are still answered. */
  announceEnd(): void {
    for (const session of this.#sessions.keys()) {
      if (!session.closed && !session.destroyed) session.goaway(constants.NGHTTP2_NO_ERROR, lastStreamId);
    }
  }

  /** Closes what has nothing under way, also what never sent anything. */
  closeIdle(): void {
    this.#server.closeIdleConnections();
    for (const socket of this.#sockets) if (isSilent(socket)) socket.destroy();
    for (const [session, { streamsOpen }] of this.#sessions) if (streamsOpen === 0) session.close();
  }

  /** Closes everything, in the middle of whatever it is. */
  cut(): void {
    for (const session of this.#sessions.keys()) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }

  stop(): void {
    clearInterval(this.#sweep);
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #keepSession(session: ServerHttp2Session): void {
    const use: SessionUse = { streamsOpen: 0, streamsEver: 0, idleSince: performance.now() };
    this.#sessions.set(session, use);
    session.once('close', () => this.#sessions.delete(session));
    session.on('stream', (stream) => {
      use.streamsOpen += 1;
      use.streamsEver += 1;
      stream.once('close', () => {
        use.streamsOpen -= 1;
        use.idleSince = performance.now();
      });
    });
  }

  #closeIdleSessions(): void {
    const { keepAliveMsMax, headersMsMax } = this.#limits;
    const now = performance.now();
    for (const [session, { streamsOpen, streamsEver, idleSince }] of this.#sessions) {
      const idleMsMax = streamsEver === 0 ? headersMsMax : keepAliveMsMax;
      if (streamsOpen === 0 && now - idleSince > idleMsMax) session.close();
    }
  }
}

/** Connected, but nothing came yet. Of HTTP/2, whose bytes do not pass here, sessions know. */
function isSilent(socket: Socket): boolean {
  return socket.bytesRead === 0 && !('alpnProtocol' in socket && socket.alpnProtocol === 'h2');
}
