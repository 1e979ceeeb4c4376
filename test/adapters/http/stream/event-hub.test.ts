/** What a hub holds for its listeners: one reading of the log, and of each of them no more than a chunk. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { httpLimits } from '../../../../adapters/http/limits.ts';
import { eventFilter } from '../../../../adapters/http/stream/event-filter.ts';
import { EventHub } from '../../../../adapters/http/stream/event-hub.ts';
import type { ListenerOptions } from '../../../../adapters/http/stream/listener.ts';
import { Turns } from '../../../../adapters/http/stream/turns.ts';
import { trustedPrincipal, unrestrictedAccess } from '../../../../domain/access/unrestricted.ts';
import type { EventReader, ReadOptions } from '../../../../domain/ports.ts';
import { ticketState } from '../../../support/tickets.ts';
import { startServer } from '../harness.ts';
import { comment, hidingAccess, openTicket } from './desk.ts';
import { eventually } from './event-client.ts';

/** Counts how often a log is followed and read. */
class CountingReader implements EventReader {
  readonly #reader: EventReader;
  followed = 0;
  /** Readings that do not go on, in all and the most at one time. */
  readings = 0;
  readingsAtOnce = 0;
  #reading = 0;

  constructor(reader: EventReader) {
    this.#reader = reader;
  }

  get partitions(): number {
    return this.#reader.partitions;
  }

  async *read(from: number, options: ReadOptions = {}) {
    if (options.live === true) {
      this.followed += 1;
      try {
        yield* this.#reader.read(from, options);
      } finally {
        this.followed -= 1;
      }
      return;
    }
    this.readings += 1;
    this.#reading += 1;
    this.readingsAtOnce = Math.max(this.readingsAtOnce, this.#reading);
    try {
      yield* this.#reader.read(from, options);
    } finally {
      this.#reading -= 1;
    }
  }

  readTicket(ticketId: string) {
    return this.#reader.readTicket(ticketId);
  }

  head(partition?: number) {
    return this.#reader.head(partition);
  }

  close() {
    return this.#reader.close();
  }
}

/** One whose client takes nothing at all: no socket ever drains it. */
function stuckResponse(): ServerResponse {
  return new ServerResponse(new IncomingMessage(new Socket()));
}

/** Everything from the first event on, for somebody who may listen. */
function listening(response: ServerResponse, gone: () => void = () => undefined): ListenerOptions {
  return {
    response,
    principal: trustedPrincipal('test'),
    filter: eventFilter({}),
    next: 1,
    begin: () => undefined,
    gone,
  };
}

function report(error: unknown): never {
  throw error;
}

describe('a hub', () => {
  it('follows the log once for all, not at all for nobody, and lets few catch up at once', async () => {
    await using server = await startServer();
    await openTicket(server, 'T-1');
    await comment(server, 'T-1', 50);
    const reader = new CountingReader(server.log);
    const context = {
      reader,
      tickets: { current: async () => undefined },
      access: unrestrictedAccess,
      limits: { ...httpLimits, streamRecentEventsMax: 4 },
      report,
    };
    const hub = new EventHub(context, 0, new Turns(3));
    let gone = 0;
    const responses = Array.from({ length: 20 }, stuckResponse);
    const join = (response: ServerResponse) =>
      hub.join(
        listening(response, () => {
          gone += 1;
        }),
      );
    await Promise.all(responses.map(join));
    await eventually(() => responses.every(({ writableLength }) => writableLength > 0)).toBe(true);
    expect([reader.followed, reader.readings, reader.readingsAtOnce]).toEqual([1, 20, 3]);
    for (const response of responses) response.emit('close');
    await eventually(() => [gone, reader.followed]).toEqual([20, 0]);
    const again = stuckResponse();
    await join(again);
    await eventually(() => [again.writableLength > 0, reader.followed]).toEqual([true, 1]);
    again.emit('close');
    await eventually(() => [gone, reader.followed]).toEqual([21, 0]);
  });

  it.each([
    ['as it happens', unrestrictedAccess, false],
    ['out of the log', unrestrictedAccess, true],
    ['looked through for what may be seen', hidingAccess, true],
  ])('holds no more than a chunk for a listener who takes nothing: %s', async (_how, access, before) => {
    await using server = await startServer();
    await openTicket(server, 'T-1');
    const muchHappens = () => comment(server, 'T-1', 500, 'x'.repeat(16_000));
    const tickets = { current: async () => ticketState({ revision: 1_000 }) };
    const hub = new EventHub(
      { reader: server.log, tickets, access, limits: httpLimits, report },
      0,
      new Turns(3),
    );
    const response = stuckResponse();
    if (before) await muchHappens();
    await hub.join(listening(response));
    if (!before) await muchHappens();
    await wait(50);
    expect(response.writableLength).toBeGreaterThan(0);
    expect(response.writableLength).toBeLessThan(2 * httpLimits.streamChunkBytesMax);
    response.emit('close');
  });
});
