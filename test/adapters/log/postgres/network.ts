/**
 * A way to the server that a test can break: real sockets, forwarded by this process. It can refuse new
 * connections, and swallow answers: then the server has done what it was asked, and the client never hears.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface BreakableNetwork {
  /** The server's URL, by way of this process. */
  readonly url: string;
  /** From now on what the server says is lost. */
  swallowAnswers(): void;
  /** From now on new connections are refused. */
  refuse(): void;
  /** Breaks every connection; new ones go through, whole. */
  breakAndMend(): void;
  close(): Promise<void>;
}

export async function breakableNetwork(serverUrl: string): Promise<BreakableNetwork> {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  let swallowing = false;
  let refusing = false;
  const server = createServer((client) => {
    if (refusing) return void client.destroy();
    const upstream = connect(Number(target.port), target.hostname);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (bytes) => void upstream.write(bytes));
    upstream.on('data', (bytes) => {
      if (!swallowing) client.write(bytes);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(serverUrl);
  url.port = String((server.address() as AddressInfo).port);
  const breakAll = () => {
    for (const socket of [...sockets]) socket.destroy();
  };
  return {
    url: url.href,
    swallowAnswers: () => {
      swallowing = true;
    },
    refuse: () => {
      refusing = true;
    },
    breakAndMend: () => {
      swallowing = false;
      refusing = false;
      breakAll();
    },
    async close() {
      breakAll();
      server.close();
      await once(server, 'close');
    },
  };
}
