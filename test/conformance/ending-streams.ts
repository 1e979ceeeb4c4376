/**
 * Stands between a client that can not read a stream without an end and a server: passes on every byte as it
 * is, but ends an answer of server-sent events when nothing has come for a moment.
 */
import { connect, createServer, type Socket } from 'node:net';

const silenceMs = 200;
const lastChunk = '0\r\n\r\n';
const streamHead = /\r\ncontent-type: text\/event-stream[;\r]/i;

export interface EndingStreams {
  readonly url: string;
  close(): void;
}

export async function endingStreams(serverUrl: string): Promise<EndingStreams> {
  const { hostname, port } = new URL(serverUrl);
  const open = new Set<Socket>();
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    const server = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    open.add(client).add(server);
    pass(client, server);
    client.pipe(server);
    client.on('close', () => server.destroy()).on('error', () => server.destroy());
    server.on('close', () => client.destroy()).on('error', () => client.destroy());
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('bug: no port');
  const close = () => {
    listener.close();
    for (const socket of open) socket.destroy();
  };
  return { url: `http://127.0.0.1:${address.port}`, close };
}

/** The server writes whole chunks, so silence is always between two of them. */
function pass(client: Socket, server: Socket): void {
  let timer: NodeJS.Timeout | undefined;
  let streams = false;
  server.on('data', (bytes: Buffer) => {
    streams ||= streamHead.test(bytes.toString('latin1'));
    client.write(bytes);
    if (!streams) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      client.end(lastChunk);
      server.destroy();
    }, silenceMs);
  });
  server.on('end', () => client.end());
}
