/** The steps of a model run, as fast-check commands: each does something to the real desk and checks it. */
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Outcome } from '../../domain/ports.ts';
import { HistoryAudit } from '../../domain/ticket/audit.ts';
import type { Command } from '../../domain/ticket/commands.ts';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import { replay } from '../../domain/ticket/evolve.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import type { DeskOnLog } from './desk-on-log.ts';
import type { NaiveDesk } from './naive-desk.ts';
import { anyPlan, commandsOf, type Plan } from './plans.ts';

type Step = fc.AsyncCommand<NaiveDesk, DeskOnLog>;
type Calls = readonly (readonly Plan[])[];

function step(name: string, run: (model: NaiveDesk, real: DeskOnLog) => Promise<void>): Step {
  return { check: () => true, run, toString: () => name };
}

/** Everything that can be read, held against the model. */
export async function checkAll(model: NaiveDesk, real: DeskOnLog): Promise<void> {
  const events = await real.readAll();
  model.checkLog(events);
  expect(await real.log.head()).toBe(model.events.length);
  const audit = new HistoryAudit(builtInWorkflows);
  expect(events.flatMap((event) => audit.check(event))).toEqual([]);
  for (const ticketId of model.ticketIds) {
    const own = await real.log.readTicket(ticketId);
    model.checkEvents(own, model.historyOf(ticketId));
    expect(replay(ticketId, own)).toEqual(model.ticket(ticketId));
    expect(await real.log.revisionOf(ticketId)).toBe(own.length);
  }
}

/** Calls of `submit` one after the other, none of them waited for; `besides` reads while they are decided. */
const submit = (calls: Calls, besides: boolean): Step =>
  step(
    `submit ${calls.map((plans) => plans.length).join('+')}${besides ? ', reading' : ''}`,
    async (model, real) => {
      const now = real.clock.time;
      const commands = commandsOf(calls, model, now);
      const answers = Promise.all(commands.map((some) => real.engine.submit(some)));
      const reads = besides ? await Promise.all([real.readAll(), real.readAll(1, 1)]) : [];
      const outcomes = await answers;
      expect(outcomes.map((some) => some.length)).toEqual(commands.map((some) => some.length));
      model.checkTogether(commands.flat(), outcomes.flat(), now);
      for (const read of reads) model.checkEvents(read, model.events.slice(0, read.length));
      expect(await real.log.head()).toBe(model.events.length);
    },
  );

let crashes = 0;

/** Reads along as events become durable; the power cut leaves it without an end. */
async function follow(real: DeskOnLog, shown: RecordedEvent[], signal: AbortSignal): Promise<void> {
  for await (const batch of real.log.read(1, { live: true, signal })) shown.push(...batch);
}

/** The power goes some time after commands were sent. What was answered or read before must be there. */
const crash = (calls: Calls, afterMs: number, keptShare: number): Step =>
  step(`crash after ${afterMs} ms of ${calls.length} calls, keeping ${keptShare}`, async (model, real) => {
    if (real.setting.log === 'memory') return;
    const now = real.clock.time;
    crashes += 1;
    const commands = commandsOf(calls, model, now, `crash ${crashes}`);
    const answered = new Map<readonly Command[], readonly Outcome[]>();
    const shown: RecordedEvent[] = [];
    const abort = new AbortController();
    void follow(real, shown, abort.signal);
    for (const some of commands) {
      void real.engine.submit(some).then((outcomes) => answered.set(some, outcomes));
    }
    if (afterMs > 0) await sleep(afterMs);
    const seen = [...shown];
    const promised = new Map(answered);
    await real.crash(keptShare);
    abort.abort();
    model.forgetOthers();
    const recovered = await real.readAll();
    expect(recovered.slice(0, seen.length), 'what was read is there').toEqual(seen);
    let whole = true;
    for (const some of commands) {
      for (const [index, command] of some.entries()) {
        const outcome = promised.get(some)?.[index];
        if (outcome !== undefined) model.check(command, outcome, now, new Map());
        else if (whole) whole = model.recover(command, now, recovered);
      }
    }
    model.checkLog(recovered);
    await checkAll(model, real);
  });

const restart = (what: 'engine' | 'log'): Step =>
  step(`restart the ${what}`, async (model, real) => {
    if (what === 'engine') await real.restartEngine();
    else await real.restartLog();
    model.forgetOthers();
    expect(await real.log.head()).toBe(model.events.length);
  });

const reopening: readonly string[] = ['ReopenTicket', 'RecordRequesterReply'];

/** Another engine writes to the same log, where that is allowed. */
const rival = (plans: readonly Plan[]): Step =>
  step(`another engine submits ${plans.length}`, async (model, real) => {
    if (real.log.soleWriter) return;
    const now = real.clock.time;
    const other = real.rival();
    for (const plan of plans) {
      const [command] = commandsOf([[plan]], model, now).flat();
      // A child that others reopen is no part of the write that resolves its parent: nothing can notice.
      if (command === undefined || reopening.includes(command.type)) continue;
      const [outcome] = await other.submit([command]);
      model.checkOthers(command, outcome as Outcome, now);
    }
  });

const read = (from: number, batchEventsMax: number): Step =>
  step(`read from ${from}% by ${batchEventsMax}`, async (model, real) => {
    const position = 1 + Math.floor((model.events.length * from) / 100);
    model.checkEvents(await real.readAll(position, batchEventsMax), model.events.slice(position - 1));
  });

const readTicket = (which: number): Step =>
  step(`read ticket ${which}`, async (model, real) => {
    const ids = [...model.ticketIds, 'T-1', 'nobody'];
    const ticketId = ids[which % ids.length] ?? 'nobody';
    const own = await real.log.readTicket(ticketId);
    model.checkEvents(own, model.historyOf(ticketId));
    expect(replay(ticketId, own)).toEqual(model.ticket(ticketId));
  });

const turnClock = (ms: number): Step =>
  step(`turn the clock by ${ms} ms`, async (_model, real) => {
    real.clock.time += ms;
  });

const checkEverything: Step = step('check everything', checkAll);

const someCalls = (callsMax: number) =>
  fc.array(fc.array(anyPlan, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: callsMax });
const single = anyPlan.map((plan) => submit([[plan]], false));
const together = fc.tuple(someCalls(6), fc.boolean()).map(([calls, besides]) => submit(calls, besides));
const crashed = fc
  .tuple(someCalls(5), fc.constantFrom(0, 1, 2, 4, 7), fc.constantFrom(0, 0.5, 1))
  .map(([calls, afterMs, keptShare]) => crash(calls, afterMs, keptShare));
const hour = 3_600_000;

/** The more often a kind stands here, the more often it is done. */
export const anySteps = (replayPath: string | undefined) =>
  fc.commands<NaiveDesk, DeskOnLog, true>(
    [
      ...Array(5).fill(single),
      ...Array(5).fill(together),
      crashed,
      fc.constantFrom<'engine' | 'log'>('engine', 'log').map(restart),
      fc.array(anyPlan, { minLength: 1, maxLength: 3 }).map(rival),
      fc.tuple(fc.nat(100), fc.integer({ min: 1, max: 9 })).map(([from, most]) => read(from, most)),
      fc.nat(20).map(readTicket),
      fc.constantFrom(-hour, 1, hour, 72 * hour).map(turnClock),
      fc.constant(checkEverything),
    ],
    { maxCommands: 40, size: 'max', ...(replayPath === undefined ? {} : { replayPath }) },
  );
