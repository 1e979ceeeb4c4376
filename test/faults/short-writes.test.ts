/**
 * Writes that the kernel carries out in part. A part and then an error, as on a full disk: made for real, by
 * a limit on the size of files. A part and then the rest: forged by strace, which has the kernel write
 * nothing and say that it wrote some bytes; in the `durable` file the first bytes are always the same, so
 * there the forgery is as good as the truth. In a segment it is a disk that lies, and is told as damage.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeWatermark, watermarkName } from '../../adapters/log/segment/watermark.ts';
import { type ChildRun, freshFolder, runChild, traceChild } from './child-runs.ts';
import { earlyAnswers, toldExchanges } from './order.ts';
import { fewRunsMsMax, whyNotTraced } from './strace.ts';
import { losses } from './told.ts';
import { extentOf } from './trace.ts';

const missing = whyNotTraced();
if (missing !== undefined) console.warn(`skipped: ${missing}`);

/** Blocks of 512 bytes, as a POSIX shell counts them: 24 KiB, and larger than any index of these tests. */
const fileBlocksMax = 48;

/** The call after a forged short write of the same file: it must write exactly what was left. */
function restOf({ calls }: ChildRun) {
  const forged = calls.find(({ injected }) => injected);
  if (forged?.result === undefined) throw new Error('no write was forged');
  const next = calls.find(
    ({ name, path, began }) => name === 'pwrite64' && path === forged.path && began > forged.ended,
  );
  const { offset, length } = extentOf(forged);
  const left = { offset: offset + forged.result, length: length - forged.result };
  return { rest: next === undefined ? undefined : extentOf(next), left };
}

describe.skipIf(missing !== undefined)('a short write', { timeout: fewRunsMsMax }, () => {
  test('of the durable file is completed', async () => {
    const folder = freshFolder();
    // The 8 bytes that are the same in every mark; the third write is the one after the second command.
    const run = await traceChild('log', [folder, 'a', 2], {
      inject: 'pwrite64:retval=8:when=3',
      paths: [join(folder, watermarkName)],
    });
    const { rest, left } = restOf(run);
    expect(rest, run.commandLine).toEqual(left);
    expect(run.told.end, run.commandLine).toBe('closed');
    expect(decodeWatermark(readFileSync(join(folder, watermarkName)))?.lastPosition).toBe(2);
    expect(losses([run.told], await runChild('log', [folder, 'after', 2]), 2)).toEqual([]);
  });

  test('of a segment is completed, and what it claimed and did not write is found to be damage', async () => {
    const folder = freshFolder();
    const segment = join(folder, '00000000000000000001.seg');
    const run = await traceChild('log', [folder, 'a', 2], {
      // The first is a batch, the second the zeros ahead of it, the third another batch.
      inject: 'pwrite64:retval=100:when=3',
      paths: [segment],
    });
    const { rest, left } = restOf(run);
    expect(rest, run.commandLine).toEqual(left);
    expect(run.told.end, run.commandLine).toBe('closed');
    const before = readFileSync(segment);
    expect((await runChild('log', [folder, 'after', 1])).end, run.commandLine).toEqual({
      code: 'log_damaged',
    });
    expect(readFileSync(segment).equals(before)).toBe(true);
  });

  test('of a segment that can not be completed stops the log, and the next process cuts the torn tail', async () => {
    const folder = freshFolder();
    const run = await traceChild('log', [folder, 'a', 400, 'unrotated'], {}, `ulimit -f ${fileBlocksMax}`);
    const short = run.calls.filter((call) => {
      const { name, result, path } = call;
      return name === 'pwrite64' && path?.endsWith('.seg') === true && result !== extentOf(call).length;
    });
    expect(short[0]?.result, run.commandLine).toBeGreaterThan(0);
    expect(short[1]?.error, run.commandLine).toBe('EFBIG');
    expect(earlyAnswers(run.calls, toldExchanges(run.calls))).toEqual([]);
    expect([...run.told.refused.values()]).toEqual(['log_failed', 'log_failed', 'log_failed']);
    expect(run.told.end).toEqual({ code: 'log_failed' });
    expect(statSync(join(folder, '00000000000000000001.seg')).size).toBe(fileBlocksMax * 512);
    expect(losses([run.told], await runChild('log', [folder, 'after', 2]), 2)).toEqual([]);
    expect(readdirSync(folder).some((name) => name.includes('.torn-'))).toBe(true);
  });
});
