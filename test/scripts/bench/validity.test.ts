/** Which circumstances make a run one that cannot be believed, and that the machine is looked at rightly. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { figureOf } from '../../../scripts/bench/figures.ts';
import { MachineWatch, readMachineTimes, sharesBetween } from '../../../scripts/bench/machine-watch.ts';
import type { BenchSection, CpuShares } from '../../../scripts/bench/result.ts';
import { type Circumstances, judgeRun } from '../../../scripts/bench/validity.ts';

const calm: Circumstances = {
  quick: false,
  cores: 2,
  loadBefore: [0.1, 0.5, 0.9],
  fdatasyncMicroseconds: 800,
  clockJumpMs: 3,
  sections: [sectionWith({ own: 0.9, foreign: 0.05, stolen: 0.01 })],
};

function sectionWith(cpu: CpuShares | undefined, rounds = [1, 1, 1]): BenchSection {
  const figures = [figureOf({ id: 'ours', what: 'ours', unit: '/s', rounds, conditions: '' })];
  return {
    name: 'engine',
    title: '1',
    figures,
    notes: [],
    seconds: 1,
    ...(cpu === undefined ? {} : { cpu }),
  };
}

describe('a run', () => {
  it('is valid on a machine that was left alone', () => {
    expect(judgeRun(calm)).toEqual({ valid: true, reasons: [], remarks: [] });
  });

  it.each<readonly [string, Partial<Circumstances>, string]>([
    [
      'others were busy',
      { sections: [sectionWith({ own: 0.5, foreign: 0.21, stolen: 0 })] },
      'engine: others used 21 % of the 2 cores (at most 20 %)',
    ],
    [
      'the host took cores away',
      { sections: [sectionWith({ own: 0.5, foreign: 0, stolen: 0.06 })] },
      'engine: the host took away 6 % of the cores (at most 5 %)',
    ],
    ['the clock jumped', { clockJumpMs: 1_500 }, 'the clock jumped by 1500 ms (at most 1000 ms)'],
  ])('is invalid where %s', (_, changes, reason) => {
    expect(judgeRun({ ...calm, ...changes })).toEqual({ valid: false, reasons: [reason], remarks: [] });
  });

  it.each<readonly [Partial<Circumstances>, RegExp]>([
    [{ quick: true }, /^a quick run/],
    [{ loadBefore: [1.2, 0, 0] }, /busy before: load 1.20 on 2 cores/],
    [{ fdatasyncMicroseconds: 57 }, /fdatasync took 57 µs.*does not flush/],
    [{ sections: [sectionWith(undefined)] }, /not known on this system/],
    [
      { sections: [sectionWith({ own: 1, foreign: 0, stolen: 0 }, [1, 2, 3, 4, 5])] },
      /rounds far apart.*ours$/,
    ],
  ])('stays valid, with a remark, for %j', (changes, remark) => {
    const { valid, remarks } = judgeRun({ ...calm, ...changes });
    expect(valid).toBe(true);
    expect(remarks).toEqual([expect.stringMatching(remark)]);
  });
});

describe('the machine', () => {
  it('is read from /proc/stat as its manual says', () => {
    const text = 'cpu  100 200 300 4000 500 10 20 30 7 8\ncpu0 1 1 1 1 1 1 1 1 0 0\n';
    expect(readMachineTimes(text)).toEqual({ busy: 6.3, idle: 45, stolen: 0.3 });
    expect(readMachineTimes('intr 1')).toBeUndefined();
  });

  it('is shared by us, others and the host', () => {
    const before = { machine: { busy: 0, idle: 0, stolen: 0 }, own: 10 };
    const after = { machine: { busy: 60, idle: 30, stolen: 10 }, own: 50 };
    expect(sharesBetween(before, after)).toEqual({ own: 0.4, foreign: 0.2, stolen: 0.1 });
    expect(sharesBetween(before, before)).toBeUndefined();
  });

  it.skipIf(process.platform !== 'linux')('counts what a child used as ours', async () => {
    const watch = new MachineWatch('no process has this');
    const busyMs = 300;
    const code = `const end = Date.now() + ${busyMs}; while (Date.now() < end);`;
    await once(spawn(process.execPath, ['-e', code]), 'close');
    const shares = watch.lap();
    expect(shares?.own).toBeGreaterThan(0);
    expect((shares?.own ?? 0) + (shares?.foreign ?? 0) + (shares?.stolen ?? 0)).toBeLessThanOrEqual(1.001);
    expect(watch.clockJumpMs()).toBeLessThan(1_000);
  });
});
