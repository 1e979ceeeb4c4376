/** What others do between steps, on a log that is only a number and read models that come after it. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Beside } from '../../../scripts/load/beside-steps.ts';
import type { Place } from '../../../scripts/load/place.ts';

let head = 0;
let readPosition = 0;
let listed = 0;
let server: Server;

beforeEach(async () => {
  [head, readPosition, listed] = [100, 100, 0];
  server = createServer((_request, response) => {
    listed += 1;
    response.end(JSON.stringify({ position: readPosition }));
    // They come nearer with each look.
    readPosition = Math.min(head, readPosition + 10);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.close();
});

function besideOn(signal = new AbortController().signal): Beside {
  const address = server.address();
  const { port }: Pick<AddressInfo, 'port'> =
    typeof address === 'object' && address !== null ? address : { port: 0 };
  const place: Place = {
    targets: [{ url: `http://127.0.0.1:${port}`, key: 'docket_x', metricsUrl: undefined }],
    processes: undefined,
    log: {
      head: async () => head,
      recordedTimes: async function* none() {},
      close: async () => undefined,
    },
    readModels: undefined,
    conditions: {},
    close: async () => undefined,
  };
  return new Beside(place, signal);
}

describe('what is done between steps', () => {
  it('is counted in the log, with what comes in just after it, and nothing that came before', async () => {
    const beside = besideOn();
    await beside.during(async () => {
      head += 20;
      // Requests under way when a tool stops are carried out all the same.
      setTimeout(() => {
        head += 3;
      }, 100);
    });
    expect(beside.events).toBe(23);
    head += 1_000;
    readPosition = head;
    await beside.during(async () => {
      head += 5;
    });
    expect(beside.events).toBe(28);
  });

  it('ends when the read models hold it, so that no step pays for it', async () => {
    await besideOn().during(async () => {
      head += 30;
    });
    expect(readPosition).toBe(head);
    expect(listed).toBeGreaterThanOrEqual(4);
  });

  it('is given up with the run', async () => {
    const stopping = new AbortController();
    const beside = besideOn(stopping.signal);
    const work = beside.during(async () => stopping.abort(new Error('enough')));
    await expect(work).rejects.toThrow();
  });
});
