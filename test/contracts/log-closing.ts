/** Part of the event log contract: what closing promises to those who are waiting, and to those who come. */
import { expect, test } from 'vitest';
import { Fault } from '../../domain/errors.ts';
import {
  all,
  appendedAt,
  expectConsistent,
  faultOf,
  range,
  type Subject,
  started,
  write,
} from './log-under-test.ts';

export function closingContract(subject: Subject): void {
  test('a closed log refuses everything', async () => {
    const { log } = subject;
    await log.append([write('A', 0)]);
    await log.close();
    await log.close();
    expect(await faultOf(() => log.append([write('A', 1)]))).toBe('log_closed');
    expect(await faultOf(() => log.append([]))).toBe('log_closed');
    expect(await faultOf(() => all(log))).toBe('log_closed');
    expect(await faultOf(() => log.readTicket('A'))).toBe('log_closed');
    expect(await faultOf(() => log.head())).toBe('log_closed');
    expect(await faultOf(() => log.revisionOf('A'))).toBe('log_closed');
    expect(await faultOf(() => log.findCommand('c-1'))).toBe('log_closed');
  });

  test('appends under way end in an outcome that holds, or in log_closed', async () => {
    const { log } = subject;
    const appending = range(0, 199).map((index) => log.append([write(`T-${index}`, 0, started, started)]));
    const closing = log.close();
    const late = faultOf(() => log.append([write('late', 0)]));
    const results = await Promise.allSettled(appending);
    expect(await late).toBe('log_closed');
    await closing;
    const kept = new Map<number, string>();
    for (const [index, result] of results.entries()) {
      if (result.status === 'fulfilled') kept.set(appendedAt(result.value[0]), `T-${index}`);
      else expect(result.reason instanceof Fault && result.reason.code).toBe('log_closed');
    }
    if (!subject.outlivesClose) return;
    const events = await expectConsistent(await subject.restarted());
    expect(events.some((event) => event.ticketId === 'late')).toBe(false);
    for (const [position, ticketId] of kept) {
      expect(events.slice(position - 1, position + 1).map((event) => event.ticketId)).toEqual([
        ticketId,
        ticketId,
      ]);
    }
  });

  test('closing twice at once waits for the same end', async () => {
    const { log } = subject;
    const appending = log.append([write('A', 0)]);
    const ended: string[] = [];
    await Promise.all([
      appending.then(() => ended.push('appended')),
      log.close().then(() => ended.push('closed')),
      log.close().then(() => ended.push('closed')),
    ]);
    expect(ended).toEqual(['appended', 'closed', 'closed']);
  });

  test('a reader in the middle ends or is refused, but never invents or hangs', async () => {
    const { log } = subject;
    await log.append(range(0, 49).map((index) => write(`T-${index}`, 0)));
    const reading = log.read(1, { batchEventsMax: 5 })[Symbol.asyncIterator]();
    const first = await reading.next();
    expect(first.value?.map((event: { position: number }) => event.position)).toEqual([1, 2, 3, 4, 5]);
    await log.close();
    const [next] = await Promise.allSettled([reading.next()]);
    if (next.status === 'rejected') expect(next.reason).toMatchObject({ code: 'log_closed' });
    else expect(next.value.done === true || next.value.value[0]?.position === 6).toBe(true);
  });
}
