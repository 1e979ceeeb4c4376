/**
 * The order of things, proven from traces of the real process: a command comes, its bytes are written, the
 * sync returns, the answer leaves. And a process that does not sync, to show that the proof can fail.
 *
 * A sync that lies (returns 0 and did nothing) can not be told from an honest one within one boot: strace
 * can make one, but only a power cut would show the difference. Nothing here claims to test that.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freshFolder, traceChild } from './child-runs.ts';
import { earlyAnswers, earlyMarks, toldExchanges } from './order.ts';
import { fewRunsMsMax, whyNotTraced } from './strace.ts';
import { type Call, extentOf, stringBytes } from './trace.ts';

const missing = whyNotTraced();
if (missing !== undefined) console.warn(`skipped: ${missing}`);
const commandCount = 30;

describe.skipIf(missing !== undefined)(
  'no answer leaves before its sync has returned',
  { timeout: fewRunsMsMax },
  () => {
    test.each(['log', 'engine'] as const)('of a process with a %s', async (kind) => {
      const { calls, told, commandLine } = await traceChild(kind, [freshFolder(), 'a', commandCount]);
      const exchanges = toldExchanges(calls);
      expect(told.end, commandLine).toBe('closed');
      expect(exchanges.length, commandLine).toBe(commandCount);
      expect(earlyAnswers(calls, exchanges), commandLine).toEqual([]);
      expect(earlyMarks(calls), commandLine).toEqual([]);
    });

    test('and a log that does not sync is caught, at every answer and every mark', async () => {
      const { calls } = await traceChild('log', [freshFolder(), 'a', commandCount, 'unsynced']);
      const exchanges = toldExchanges(calls);
      expect(exchanges.length).toBe(commandCount);
      expect(earlyAnswers(calls, exchanges)).toEqual(
        exchanges.map(({ commandId }) => expect.stringContaining(`${commandId} was written, but not synced`)),
      );
      expect(earlyMarks(calls).length).toBeGreaterThan(commandCount / 2);
    });

    test('nor is a forged sync taken for one', async () => {
      const lying = { inject: 'fdatasync:retval=0' };
      const { calls, told } = await traceChild('log', [freshFolder(), 'a', 5], lying);
      expect(told.acknowledged.size).toBe(5);
      expect(earlyAnswers(calls, toldExchanges(calls)).length).toBe(5);
    });
  },
);

describe.skipIf(missing !== undefined)('system calls tell everything', { timeout: fewRunsMsMax }, () => {
  test('no file work goes by io_uring: each byte of each segment is in a write of the trace', async () => {
    const folder = freshFolder();
    const { calls, commandLine } = await traceChild('log', [folder, 'a', 10]);
    // libuv has rings for epoll as well; one that takes file work has the kernel poll it.
    const rings = calls.filter(
      ({ name, args }) => name === 'io_uring_setup' && args.includes('SETUP_SQPOLL'),
    );
    expect(rings, commandLine).toEqual([]);
    const segments = readdirSync(folder).filter((name) => name.endsWith('.seg'));
    expect(segments.length).toBeGreaterThan(2);
    for (const name of segments) {
      const path = join(folder, name);
      expect(writtenTo(calls, path).equals(readFileSync(path)), `${name}: ${commandLine}`).toBe(true);
    }
  });
});

/** What a trace shows to have been written to a file, under its draft name and under its own. */
function writtenTo(calls: readonly Call[], path: string): Buffer {
  let bytes = Buffer.alloc(0);
  for (const call of calls) {
    if (call.path !== path && call.path !== `${path}.tmp`) continue;
    if (call.name === 'ftruncate') bytes = bytes.subarray(0, Number(/, (\d+)$/.exec(call.args)?.[1]));
    if (call.name !== 'pwrite64') continue;
    const { offset, length } = extentOf(call);
    const longer = Buffer.alloc(Math.max(bytes.length, offset + length));
    bytes.copy(longer);
    stringBytes(call).copy(longer, offset);
    bytes = longer;
  }
  return bytes;
}
