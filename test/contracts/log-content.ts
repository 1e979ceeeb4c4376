/** Part of the event log contract: what is read is what was written, to the last bit. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NewEvent, RecordedEvent } from '../../domain/ticket/events.ts';
import { eventTypes } from '../../domain/ticket/events.ts';
import { arbitraryDigest, arbitraryEvent, hardCharacters } from '../support/arbitrary-events.ts';
import { newEvent } from '../support/events.ts';
import { all, type Subject, write } from './log-under-test.ts';

/** What an event must come back as: itself, and what the log knows of it. */
function recorded(
  events: readonly NewEvent[],
  ticketId: string,
  first: { readonly position: number; readonly revision?: number; readonly recordedAt: number },
): RecordedEvent[] {
  const { position, recordedAt, revision = 1 } = first;
  return events.map((event, index) => ({
    ...event,
    ticketId,
    partition: 0,
    recordedAt,
    revision: revision + index,
    position: position + index,
  }));
}

export function contentContract(subject: Subject): void {
  test('comes back exactly, with optional parts absent where they were', async () => {
    const { log, clock } = subject;
    const full = newEvent(
      {
        type: 'TicketOpened',
        data: { fields: { subject: 'Grüße 🚀 日本語', urgency: 2, vip: true, tags: ['a', 'ü'] } },
      },
      {
        onBehalfOf: { id: 'Łukasz 🙂', role: 'requester' },
        commandId: 'c-1',
        commandDigest: 'd'.repeat(64),
        correlationId: '0192f0c1-7b3a-7000-8000-0123456789ab',
        causationId: 'zendesk:4711',
        source: 'zendesk',
        schemaVersion: 7,
        occurredAt: -1,
      },
    );
    const bare = newEvent(
      { type: 'TicketAssigned', data: { agent: 'bo', group: null } },
      { source: undefined },
    );
    await log.append([write('T-1', 0, full, bare)]);
    const { source: _source, ...stored } = bare;
    const expected = recorded([full, stored], 'T-1', { position: 1, recordedAt: clock.time });
    expect(await all(log)).toStrictEqual(expected);
    expect(await (await subject.restarted()).readTicket('T-1')).toStrictEqual(expected);
  });

  test.each(eventTypes)('%s comes back exactly, whatever its payload', async (type) => {
    const stories = fc.array(arbitraryEvent(type), { minLength: 1, maxLength: 12 });
    const expected: RecordedEvent[] = [];
    let run = 0;
    await fc.assert(
      fc.asyncProperty(stories, arbitraryDigest, async (events, commandDigest) => {
        run += 1;
        const ticketId = `T-${run}`;
        const commandId = `c-${run}`;
        const [first, ...rest] = events;
        const own = first === undefined ? [] : [{ ...first, commandId, commandDigest }, ...rest];
        const position = expected.length + 1;
        await subject.log.append([{ ticketId, expectedRevision: 0, events: own }]);
        const { time: recordedAt } = subject.clock;
        const kept = recorded(own, ticketId, { position, recordedAt });
        expected.push(...kept);
        expect(await subject.log.readTicket(ticketId)).toStrictEqual(kept);
        expect(await subject.log.findCommand(commandId)).toStrictEqual({
          commandDigest,
          events: kept.slice(0, 1),
        });
      }),
      { numRuns: 12 },
    );
    expect(await all(await subject.restarted())).toStrictEqual(expected);
  });

  test('keeps every hard character apart, in each text of an event', async () => {
    const texts = hardCharacters.flatMap((each) => [each, `a${each}`, `${each}${each}z`]);
    const events = texts.map((text, index) =>
      newEvent(
        { type: 'CommentAdded', data: { body: text, public: true } },
        {
          actor: { id: text, role: 'agent' },
          onBehalfOf: { id: text, role: 'lead' },
          workflow: text,
          state: text,
          commandId: `${text}${index}`,
          commandDigest: text,
          correlationId: text,
          causationId: text,
          source: text,
        },
      ),
    );
    await subject.log.append([{ ticketId: 'A', expectedRevision: 0, events }]);
    const log = await subject.restarted();
    const kept = recorded(events, 'A', { position: 1, recordedAt: subject.clock.time });
    expect(await log.readTicket('A')).toStrictEqual(kept);
    for (const event of events) {
      expect((await log.findCommand(event.commandId ?? ''))?.commandDigest).toBe(event.commandDigest);
    }
  });

  test('ids of the full length and alphabet name different tickets, however alike', async () => {
    const ids = [
      'a',
      'A',
      'a.',
      'a-',
      'a_',
      'a:',
      'aa',
      'a'.repeat(63),
      'a'.repeat(64),
      `${'a'.repeat(63)}A`,
    ];
    ids.push('0', '00', '000', '1', '1.0', '1e0', '-0'.slice(1), 'null', 'constructor', 'REQ1', 'REQ01');
    const unique = [...new Set(ids)];
    const sizes = unique.map((_, index) => 1 + (index % 3));
    const note = (body: string) => newEvent({ type: 'CommentAdded', data: { body, public: true } });
    await subject.log.append(
      unique.map((id, index) => write(id, 0, ...Array.from({ length: sizes[index] ?? 1 }, () => note(id)))),
    );
    const log = await subject.restarted();
    for (const [index, id] of unique.entries()) {
      const own = await log.readTicket(id);
      expect(own.map(({ data }) => data)).toEqual(Array(sizes[index]).fill({ body: id, public: true }));
      expect(await log.revisionOf(id)).toBe(sizes[index]);
    }
    expect(await log.readTicket('a'.repeat(62))).toEqual([]);
  });

  test('an id that no ticket may have is kept exactly or refused, and harms nothing', async () => {
    const ids = ['', ' ', 'x'.repeat(65), 'x'.repeat(10_000), '__proto__', 'e\u0301', 'é', ...hardCharacters];
    const kept = new Set<string>();
    for (const id of new Set(ids)) {
      const [result] = await Promise.allSettled([subject.log.append([write(id, 0)])]);
      if (result.status === 'fulfilled') kept.add(id);
      else expect(result.reason instanceof RangeError || result.reason instanceof TypeError).toBe(true);
    }
    await subject.log.append([write('good', 0)]);
    const log = await subject.restarted();
    expect((await all(log)).map(({ ticketId }) => ticketId)).toEqual([...kept, 'good']);
    for (const id of kept) expect((await log.readTicket(id)).map(({ ticketId }) => ticketId)).toEqual([id]);
  });

  test('may be large', async () => {
    const body = 'größer als ein Rahmen '.repeat(60_000);
    const large = newEvent({ type: 'CommentAdded', data: { body, public: false } });
    await subject.log.append([write('A', 0), write('A', 1, large, large), write('A', 3)]);
    const events = await (await subject.restarted()).readTicket('A');
    expect(events.map((event) => event.revision)).toEqual([1, 2, 3, 4]);
    expect(events[2]?.data).toEqual(large.data);
  });

  test('does not change when the caller changes the event afterwards', async () => {
    const event = newEvent({ type: 'TicketOpened', data: { fields: { subject: 'before' } } });
    await subject.log.append([write('A', 0, event)]);
    Object.assign(event.data, { fields: { subject: 'after' } });
    expect((await subject.log.readTicket('A'))[0]?.data).toEqual({ fields: { subject: 'before' } });
  });

  test('does not change when the caller changes it as soon as the call is made', async () => {
    const data = { fields: { subject: 'before' } };
    const appending = subject.log.append([write('A', 0, newEvent({ type: 'TicketOpened', data }))]);
    data.fields.subject = 'after';
    await appending;
    expect((await subject.log.readTicket('A'))[0]?.data).toEqual({ fields: { subject: 'before' } });
  });

  test('comes back exactly, whatever characters its texts have', async () => {
    const { log } = subject;
    const odd = [
      '\0',
      '\ud800',
      'a\udc00b',
      '\ufdd0',
      '\ufdd00000',
      '\\u0000',
      '\uffff\u{10ffff}',
      'e\u0301',
    ];
    for (const [index, text] of odd.entries()) {
      const actor = { id: text, role: 'agent' as const };
      const origin = { commandId: `id ${text}`, correlationId: text, causationId: text, source: text };
      const event = newEvent(
        { type: 'CommentAdded', data: { body: text, public: true } },
        { ...origin, actor, onBehalfOf: actor, commandDigest: text, state: text, workflow: text },
      );
      await log.append([write(`T${text}`, 0, event)]);
      const common = { ticketId: `T${text}`, partition: 0, recordedAt: subject.clock.time };
      const expected = { ...event, ...common, revision: 1, position: index + 1 };
      expect(await log.readTicket(`T${text}`)).toStrictEqual([expected]);
      expect(await log.findCommand(`id ${text}`)).toStrictEqual({ commandDigest: text, events: [expected] });
      expect(await log.revisionOf(`T${text}`)).toBe(1);
    }
  });
}
