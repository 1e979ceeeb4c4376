/** A generator that is late says so; one that is not is believed. */
import { describe, expect, it } from 'vitest';
import { Generator } from '../../../../scripts/load/generator/generator.ts';
import { newHistogram } from '../../../../scripts/load/generator/stage-record.ts';
import { judgeValidity, quantilesOf } from '../../../../scripts/load/generator/validity.ts';
import { cannedServer, watched } from './slow.ts';

function histogramOf(...ms: readonly number[]) {
  const histogram = newHistogram();
  for (const each of ms) histogram.recordValue(each * 1_000);
  return histogram;
}

const fine = {
  latency: histogramOf(50, 50, 50),
  sendDelay: histogramOf(1, 1, 1),
  generatorCpuShare: 0.5,
  due: 3,
  sent: 3,
  notSent: 0,
};

describe('validity', () => {
  it('is given to a generator that was in time, even where requests found no connection', () => {
    expect(judgeValidity({ ...fine, sent: 1, notSent: 2 })).toMatchObject({ valid: true, reasons: [] });
  });

  it('is refused for lateness, and takes into account how slow the server is', () => {
    const late = { ...fine, sendDelay: histogramOf(1, 1, 11) };
    expect(judgeValidity(late)).toMatchObject({
      valid: false,
      reasons: [expect.stringMatching(/11 ms.*10 ms/)],
    });
    expect(judgeValidity({ ...late, latency: histogramOf(400) }).valid).toBe(true);
    // Not without end: a generator that is late enough makes every latency long.
    const veryLate = { ...fine, sendDelay: histogramOf(60), latency: histogramOf(5_000) };
    expect(judgeValidity(veryLate).reasons[0]).toMatch(/60 ms.*50 ms/);
  });

  it('is refused to a thread that was busy all the time', () => {
    const { valid, reasons } = judgeValidity({ ...fine, generatorCpuShare: 0.95 });
    expect(valid).toBe(false);
    expect(reasons[0]).toMatch(/95 % of the time, where 90 %/);
  });

  it('is refused where requests are not accounted for', () => {
    expect(judgeValidity({ ...fine, sent: 2 }).reasons).toEqual([
      'Of 3 requests that were due, 2 are accounted for.',
    ]);
  });

  it('lets a burst be sent one after another, as long as the server is slower', () => {
    const bursts = { latency: histogramOf(300, 600), sendDelay: histogramOf(40, 90) };
    expect(judgeValidity({ ...fine, bursts }).valid).toBe(true);
    const slow = { latency: histogramOf(60, 100), sendDelay: histogramOf(40, 90) };
    expect(judgeValidity({ ...fine, bursts: slow }).reasons[0]).toMatch(/90 ms.*100 ms/);
  });
});

describe('a generator', () => {
  const plan = {
    protocol: 'http1',
    mix: [{ action: 'open', weight: 1 }],
    seed: 3,
    requestTimeoutMs: 500,
    workers: 1,
    tickets: [],
  } as const;

  it('that is asked for more than a thread can send is declared invalid', async () => {
    const server = await cannedServer();
    const generator = await Generator.start({ ...plan, targets: [server.target] });
    // So much that turning to the requests keeps the thread busy, however little the server is let do.
    const shape = { shape: 'hold', perSecond: 1_000_000, seconds: 1.1 } as const;
    const outcome = await generator.run({ name: 'far too much', users: 500, warmSeconds: 0, shape });
    await generator.stop();
    server.stop();
    expect(outcome.due).toBe(1_100_000);
    expect(outcome.sent + outcome.notSent).toBe(1_100_000);
    const { valid, reasons } = judgeValidity(outcome);
    expect(valid, `${outcome.generatorCpuShare}, ${quantilesOf(outcome.sendDelay).p99Ms} ms`).toBe(false);
    expect(reasons.join(' ')).toMatch(/Give it more workers or cores, or ask for less/);
  });

  it('that is asked for what it can do is declared valid', async (test) => {
    const server = await cannedServer();
    const generator = await Generator.start({ ...plan, workers: 2, targets: [server.target] });
    const shape = { shape: 'hold', perSecond: 200, seconds: 0.5 } as const;
    const stage = { name: 'well within', users: 100, warmSeconds: 0, shape };
    const reasons: string[] = [];
    let mayBeWhy = false;
    let valid = false;
    for (let attempt = 1; attempt <= 10 && !valid; attempt += 1) {
      const { result, disturbed } = await watched(() => generator.run(stage));
      expect(result.endings.succeeded).toBe(100);
      const validity = judgeValidity(result);
      valid = validity.valid;
      reasons.push(...validity.reasons);
      mayBeWhy ||= disturbed;
    }
    await generator.stop();
    server.stop();
    if (!valid && mayBeWhy) test.skip('this machine has too much else to do: its timers were late as well');
    expect(valid, reasons.join(' ')).toBe(true);
  });
});
