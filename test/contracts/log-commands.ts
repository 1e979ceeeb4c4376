/** Part of the event log contract: commands are remembered by their id, for ever and exactly. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CommandTrace } from '../../domain/ports.ts';
import { arbitraryCommandId } from '../support/arbitrary-events.ts';
import { newEvent } from '../support/events.ts';
import { commanded, range, type Subject, started, write } from './log-under-test.ts';

export function commandsContract(subject: Subject): void {
  test('are remembered with their events, after a restart too', async () => {
    let { log } = subject;
    const first = newEvent({ type: 'TicketOpened', data: {} }, { commandId: 'c-1', commandDigest: 'abc' });
    const second = newEvent({ type: 'WorkStarted', data: {} }, { commandId: 'c-1' });
    const also = [write('C', 0, second)];
    await log.append([write('A', 0), { ...write('B', 0, started, first, second), also }, write('B', 3)]);
    const trace = { commandDigest: 'abc', events: (await log.readTicket('B')).slice(1, 3) };
    expect(trace.events.map(({ revision, position }) => [revision, position])).toEqual([
      [2, 3],
      [3, 4],
    ]);
    expect(await log.findCommand('c-1')).toEqual(trace);
    expect(await log.findCommand('c-2')).toBeUndefined();
    log = await subject.restarted();
    expect(await log.findCommand('c-1')).toEqual(trace);
    expect(await log.findCommand('c-2')).toBeUndefined();
  });

  test('an id without a digest, as on further events and tickets, is not a command', async () => {
    const further = newEvent({ type: 'WorkStarted', data: {} }, { commandId: 'c-1' });
    await subject.log.append([{ ...write('A', 0, further), also: [write('B', 0, further)] }]);
    expect(await subject.log.findCommand('c-1')).toBeUndefined();
    expect(await (await subject.restarted()).findCommand('c-1')).toBeUndefined();
  });

  test('one that is told in a further part is found on that ticket', async () => {
    const also = [write('B', 0, started, commanded('c-1'), started), write('C', 0)];
    await subject.log.append([{ ...write('A', 0), also }]);
    await subject.nowAndRestarted(async (log) => {
      const trace = await log.findCommand('c-1');
      expect(trace?.events).toMatchObject([{ ticketId: 'B', revision: 2, position: 3 }]);
      expect(trace?.commandDigest).toBe('ab12');
    });
  });

  test('a conflict leaves no trace of its commands', async () => {
    const { log } = subject;
    await log.append([write('A', 0)]);
    await log.append([
      write('A', 0, commanded('c-1')),
      { ...write('B', 0, commanded('c-2')), also: [write('A', 9)] },
      write('A', 1, commanded('c-3')),
    ]);
    for (const id of ['c-1', 'c-2', 'c-3']) expect(await log.findCommand(id)).toBeUndefined();
    await log.append([write('A', 1, commanded('c-1'))]);
    expect((await log.findCommand('c-1'))?.events).toMatchObject([{ ticketId: 'A', revision: 2 }]);
  });

  test('ids that begin, end or nearly are like others are told apart', async () => {
    const uuid = '0192f0c1-7b3a-7000-8000-0123456789ab';
    const ids = [
      'c',
      'c-',
      'c-1',
      'c-10',
      'c-1 ',
      ' c-1',
      'C-1',
      'c-1\0',
      '\0',
      'e\u0301',
      'é',
      'cafe',
      'CAFE',
    ];
    ids.push(uuid, uuid.toUpperCase(), uuid.replaceAll('-', ''), `${uuid}0`, uuid.slice(0, -1), `{${uuid}}`);
    ids.push('deadbeef', 'deadbee', 'DEADBEEF', 'deadbeef00', 'x'.repeat(200), 'x'.repeat(199), '__proto__');
    ids.push(
      '\ud83d',
      '\ude80',
      '\ud83d\ude80',
      '\ufffd',
      '%',
      '_',
      "'",
      '"',
      '\\',
      'null',
      '0',
      '00',
      '1',
      '01',
    );
    for (const [index, id] of ids.entries()) {
      if (index % 3 === 0) expect(await subject.log.findCommand(id)).toBeUndefined();
      await subject.log.append([write(`T-${index}`, 0, commanded(id, `digest of ${index}`))]);
    }
    const log = await subject.restarted();
    for (const [index, id] of ids.entries()) {
      const trace = await log.findCommand(id);
      expect(trace?.commandDigest, JSON.stringify(id)).toBe(`digest of ${index}`);
      expect(trace?.events).toMatchObject([{ ticketId: `T-${index}`, commandId: id }]);
    }
    expect(await log.findCommand('')).toBeUndefined();
  });

  test('thousands of ids are all found, and no id that was never used', async () => {
    const ids = range(0, 2_499).map((number) => `command ${number}`);
    for (let at = 0; at < ids.length; at += 500) {
      await subject.log.append(
        ids.slice(at, at + 500).map((id, index) => write(`T-${index}`, at / 500, commanded(id, id))),
      );
    }
    await subject.nowAndRestarted(async (log) => {
      for (const id of ids.filter((_, index) => index % 7 === 0 || index > 2_400)) {
        expect((await log.findCommand(id))?.commandDigest).toBe(id);
        expect(await log.findCommand(`${id}0x`)).toBeUndefined();
      }
    });
  });

  test('is known as soon as it is acknowledged, and never before it is durable', async () => {
    const { log } = subject;
    const told: Promise<CommandTrace | undefined>[] = [];
    const appending = range(0, 99).map(async (index) => {
      const asked = log.append([write('A', index, commanded(`c-${index}`))]);
      told.push(log.findCommand(`c-${index}`));
      await asked;
      expect((await log.findCommand(`c-${index}`))?.events).toMatchObject([{ revision: index + 1 }]);
    });
    for (const [index, early] of told.entries()) {
      const trace = await early;
      if (trace !== undefined) expect(await log.head()).toBeGreaterThan(index);
    }
    await Promise.all(appending);
  });

  test('any id that a command may have finds its own events and no others', async () => {
    const commands = fc.uniqueArray(arbitraryCommandId, { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(commands, fc.nat(3), async (ids, further) => {
        const { log } = subject;
        const known = new Set<string>();
        for (const id of ids) if ((await log.findCommand(id)) !== undefined) known.add(id);
        const fresh = ids.filter((id) => !known.has(id));
        const base = await log.head();
        const events = (id: string) => [
          commanded(id, `of ${id}`),
          ...Array(further).fill(newEvent({ type: 'WorkStarted', data: {} }, { commandId: id })),
        ];
        await log.append(fresh.map((id, index) => write(`T-${base}-${index}`, 0, ...events(id), started)));
        for (const [index, id] of fresh.entries()) {
          const trace = await log.findCommand(id);
          expect(trace?.commandDigest).toBe(`of ${id}`);
          const own = (await log.readTicket(`T-${base}-${index}`)).slice(0, 1 + further);
          expect(trace?.events).toEqual(own);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('where there are other writers, a command id is accepted once', async () => {
    const { log } = subject;
    if (log.soleWriter) return;
    await log.append([write('A', 0, commanded('c-1'))]);
    const outcomes = await log.append([
      write('B', 0, commanded('c-1')),
      write('B', 0),
      write('C', 0, commanded('c-2')),
      write('D', 0, commanded('c-2')),
      { ...write('E', 0), also: [write('F', 0, commanded('c-1'))] },
      write('F', 0),
      write('G', 0, commanded('c-3')),
    ]);
    expect(outcomes).toMatchObject([
      { status: 'conflict', ticketId: 'B', actualRevision: 0 },
      { status: 'conflict', ticketId: 'B', actualRevision: 0 },
      { status: 'appended', position: 2 },
      { status: 'conflict', ticketId: 'D', actualRevision: 0 },
      { status: 'conflict', ticketId: 'E', actualRevision: 0 },
      { status: 'conflict', ticketId: 'F', actualRevision: 0 },
      { status: 'appended', position: 3 },
    ]);
    const calls = await Promise.all([
      log.append([write('H', 0, commanded('c-4'))]),
      log.append([write('I', 0, commanded('c-4'))]),
    ]);
    expect(calls.map(([outcome]) => outcome?.status)).toEqual(['appended', 'conflict']);
    expect((await log.findCommand('c-4'))?.events.map((event) => event.ticketId)).toEqual(['H']);
    expect(await log.revisionOf('I')).toBe(0);
  });
}
