/** From a command taken in to its row visible: on one clock, of a bounded number, and never flattering. */
import { describe, expect, it } from 'vitest';
import { createRegistry } from '../../../adapters/metrics/registry.ts';
import {
  outstandingMax,
  outstandingMsMax,
  VisibleCommands,
} from '../../../adapters/metrics/visible-commands.ts';
import type { CommandSink, Outcome } from '../../../domain/ports.ts';

/** Commands as far as a sink that only answers needs them: their number. */
type Answers = readonly Partial<Extract<Outcome, { status: 'accepted' }>>[];

function accepted(answer: Answers[number]): Outcome {
  const rest = { ticketId: 'T1', revision: 1, state: 'new', newTicketId: undefined, repeated: false };
  return { ...rest, status: 'accepted', events: 1, position: 1, ...answer };
}

/** A watched sink whose clock and answers the test sets. */
function setUp() {
  const clock = { nowMs: 0 };
  const visible = new VisibleCommands(() => clock.nowMs);
  const registry = createRegistry();
  visible.addTo(registry);
  const pending: ((outcomes: readonly Outcome[] | Error) => void)[] = [];
  const sink: CommandSink = {
    submit: () =>
      new Promise((resolve, reject) => {
        pending.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer)));
      }),
  };
  const watched = visible.watch(sink);
  return {
    clock,
    visible,
    async submit(answers: Answers, { tookMs = 0, requestId = 'r' } = {}) {
      const answered = watched.submit([], undefined, requestId);
      clock.nowMs += tookMs;
      pending.pop()?.(answers.map(accepted));
      return answered;
    },
    async fail(error: Error) {
      const answered = watched.submit([]);
      pending.pop()?.(error);
      await answered;
    },
    async found() {
      const families = await registry.snapshot();
      const of = (name: string) => families.find((family) => family.name === name)?.samples ?? [];
      const seconds = of('docket_command_visible_seconds');
      const value = (suffix: string) => seconds.find((sample) => sample.suffix === suffix)?.value;
      return {
        count: value('_count'),
        sum: value('_sum'),
        skipped: of('docket_command_visible_skipped_total')[0]?.value,
        exemplars: seconds.flatMap(({ exemplar }) => exemplar?.requestId ?? []),
      };
    },
  };
}

describe('commands that become visible', () => {
  it('are counted from when they were taken in to when the rows were committed', async () => {
    const { clock, visible, submit, found } = setUp();
    await submit([{ position: 7, events: 2 }], { tookMs: 100, requestId: 'r-7' });
    clock.nowMs += 200;
    visible.committed(7);
    expect(await found()).toMatchObject({ count: 0 });
    clock.nowMs += 300;
    visible.committed(8);
    expect(await found()).toEqual({ count: 1, sum: 0.6, skipped: 0, exemplars: ['r-7'] });
  });

  it('count one by one where many came in one call, when the last of them is visible', async () => {
    const { clock, visible, submit, found } = setUp();
    await submit([{ position: 1 }, { position: 2 }, { position: 3 }]);
    visible.committed(2);
    clock.nowMs += 1_000;
    visible.committed(3);
    expect(await found()).toMatchObject({ count: 3, sum: 3 });
  });

  it('count from the commit where the projector was faster than the answer', async () => {
    const { clock, visible, submit, found } = setUp();
    clock.nowMs = 1_000;
    const answered = submit([{ position: 5 }], { tookMs: 400 });
    visible.committed(5);
    await answered;
    expect(await found()).toMatchObject({ count: 1, sum: 0.4 });
  });

  it('are only those that added events, and the first time only', async () => {
    const { visible, submit, found } = setUp();
    await submit([
      { position: 0, events: 0 },
      { position: 3, repeated: true },
    ]);
    visible.committed(9);
    expect(await found()).toMatchObject({ count: 0, skipped: 0 });
  });

  it('are not those of a call that failed, and the failure reaches its caller', async () => {
    const { visible, fail, found } = setUp();
    await expect(fail(new Error('the log has failed'))).rejects.toThrow('the log has failed');
    visible.committed(9);
    expect(await found()).toMatchObject({ count: 0, skipped: 0 });
  });
});

describe('calls beyond those that are watched', () => {
  it('are counted as skipped, and the ones before them keep their wait', async () => {
    const { clock, visible, submit, found } = setUp();
    for (let position = 1; position <= outstandingMax; position += 1) await submit([{ position }]);
    await submit([{ position: outstandingMax + 1 }, { position: outstandingMax + 2 }]);
    expect(await found()).toMatchObject({ count: 0, skipped: 2 });
    clock.nowMs += 60_000;
    visible.committed(outstandingMax + 2);
    expect(await found()).toMatchObject({ count: outstandingMax, sum: outstandingMax * 60, skipped: 2 });
  });

  it('are watched again once the oldest are given up, which count as skipped then', async () => {
    const { clock, visible, submit, found } = setUp();
    for (let position = 1; position <= outstandingMax; position += 1) await submit([{ position }]);
    clock.nowMs += outstandingMsMax + 1;
    await submit([{ position: outstandingMax + 1 }]);
    expect(await found()).toMatchObject({ count: 0, skipped: outstandingMax });
    visible.committed(outstandingMax + 1);
    expect(await found()).toMatchObject({ count: 1, skipped: outstandingMax });
  });
});
