/**
 * Run as a process of its own by the tests: answers whatever comes at once and without reading it, so that a
 * generator that asks for too much is what is slow, and not the server.
 */
import { type AddressInfo, createServer } from 'node:net';
import { tell } from '../../../../scripts/bench/child-process.ts';

const body = '{"status":"accepted","ticketId":"T1","events":1}';
const answer = Buffer.from(`HTTP/1.1 201 Created\r\ncontent-length: ${body.length}\r\n\r\n${body}`);

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => undefined);
  // Each connection has one small request under way, which comes in one piece.
  socket.on('data', () => socket.write(answer));
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address() as AddressInfo;
  void tell(address.port);
});
process.once('message', () => process.exit(0));
