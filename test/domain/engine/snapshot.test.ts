/**
 * Snapshots of the engine's tickets: after a crash, an engine with them does exactly what one without does;
 * no state that is ahead of the log survives; and what does not fit the log is left alone.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { restoreSnapshot, saveSnapshot } from '../../../domain/engine/snapshot.ts';
import { Fault } from '../../../domain/errors.ts';
import type { LogMark, StateSnapshots } from '../../../domain/ports.ts';
import type { Command } from '../../../domain/ticket/commands.ts';
import { builtInWorkflows } from '../../../domain/workflow/registry.ts';
import { arbitraryCommands } from '../../support/arbitrary-commands.ts';
import { allEvents, engineOn, memoryLog } from '../../support/engine.ts';
import { command } from '../../support/given.ts';
import { crashCopy, DeskFolder } from './desk-folder.ts';
import { HeldDisk } from './held-disk.ts';
import {
  countedReads,
  KeptInMemory,
  loadMark,
  partsOf,
  reopened,
  soleWriter,
  submitAll,
  ticketsAhead,
  tornStates,
} from './snapshot-probes.ts';

const open = command('OpenTicket', { requester: 'rita', fields: { subject: 'Printer' } }, 'requester');
const assign = command('AssignTicket', { agent: 'ana' });
const resolve = command('ResolveTicket', { code: 'fixed', notes: 'Done.' });
const hold = command('HoldTicket', { reason: 'vendor' });
const resume = command('ResumeTicket');
const on = (ticketId: string, ...commands: readonly Command[]) =>
  commands.map((each) => ({ ...each, ticketId }));
const many = (count: number, ...commands: readonly Command[]) =>
  Array.from({ length: count }, (_, index) => on(`T-${index}`, ...commands)).flat();

const draftExists = (desk: DeskFolder) =>
  existsSync(join(desk.folder, 'snapshots')) && desk.snapshotFiles.some((name) => name.endsWith('.tmp'));

describe('an engine with snapshots', () => {
  it('does after any crash what one without them does', async () => {
    let restored = 0;
    let caughtUp = 0;
    const life = fc.record({
      commands: arbitraryCommands,
      /** Before which of the calls snapshots are begun, and how many turns of the loop a crash waits. */
      snapshotsAt: fc.uniqueArray(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 3 }),
      crashAfterTurns: fc.integer({ min: 0, max: 8 }),
      ticketsCachedMax: fc.constantFrom(16, 1_000),
    });
    const lives = fc.asyncProperty(fc.array(life, { minLength: 3, maxLength: 4 }), async (all) => {
      let folder: string | undefined;
      for (const { commands, snapshotsAt, crashAfterTurns, ticketsCachedMax } of all) {
        const limits = { roundCommandsMax: 4, ticketsCachedMax };
        const copy = folder === undefined ? undefined : await crashCopy(folder);
        const warm = await DeskFolder.open(folder, { limits });
        const cold = await DeskFolder.open(copy, { limits });
        const { used, ignored } = await warm.restore();
        expect(ignored).toEqual([]);
        restored += used?.tickets ?? 0;
        caughtUp += used?.eventsRead ?? 0;
        expect(warm.states()).toStrictEqual(await warm.replayed());
        let saved: Promise<unknown> = Promise.resolve();
        const answers = await submitAll(warm, commands, (call) => {
          if (snapshotsAt.includes(call)) saved = saved.then(() => warm.save());
        });
        expect(answers).toEqual(await submitAll(cold, commands));
        expect(await allEvents(warm.log)).toEqual(await allEvents(cold.log));
        expect(warm.states()).toStrictEqual(await warm.replayed());
        await saved;
        // More commands and one more snapshot, which are on their way when the crash comes.
        const unheard = [submitAll(warm, commands), warm.save()];
        for (let turn = 0; turn < crashAfterTurns; turn += 1) await new Promise(setImmediate);
        folder = await warm.crashCopy();
        await Promise.all(unheard);
        await Promise.all([warm.log.close(), cold.log.close()]);
      }
    });
    await fc.assert(lives, { numRuns: 12, endOnFailure: true });
    expect(restored).toBeGreaterThan(0);
    expect(caughtUp).toBeGreaterThan(0);
  }, 120_000);

  it('reads only the events after the snapshot, and not those that its states already hold', async () => {
    const desk = await DeskFolder.open();
    await desk.engine.submit(many(10, open));
    await desk.save();
    await desk.engine.submit([...on('T-3', assign, resolve), ...on('new', open)]);
    const next = await DeskFolder.open(await desk.crashCopy());
    const counted = countedReads(next.log);
    const restored = await restoreSnapshot({ ...partsOf(next), log: counted.log });
    expect(restored).toMatchObject({ used: { tickets: 10, eventsRead: 3 }, ignored: [] });
    // The two marks, and the three events after them.
    expect(counted.from.sort()).toEqual([10, 10, 11]);
    expect(next.states()).toStrictEqual(await next.replayed());
    expect(next.engine.tickets.find('T-3')).toMatchObject({ revision: 3, state: 'resolved/assigned/L0' });
    const [answer] = await next.engine.submit(on('T-3', command('ReopenTicket')));
    expect(answer).toMatchObject({ status: 'accepted', revision: 4 });
    await Promise.all([desk.log.close(), next.log.close()]);
  });

  it('may be saved while rounds are on their way: its states are of many moments, and none is lost', async () => {
    const ids = Array.from({ length: 2_000 }, (_, index) => `T-${index}`);
    const desk = await DeskFolder.open(undefined, { limits: { roundCommandsMax: 100 } });
    await desk.engine.submit(ids.flatMap((id) => on(id, open)));
    let turn = 0;
    const workUntil = async (over: () => boolean) => {
      const inFlight: Promise<unknown>[] = [];
      for (; !over(); turn += 1) {
        const some = ids.filter((_, index) => index % 7 === turn % 7);
        inFlight.push(desk.engine.submit(some.flatMap((id) => on(id, turn % 2 === 0 ? hold : resume))));
        if (inFlight.length > 2) await inFlight.shift();
      }
      await Promise.all(inFlight);
    };
    for (let round = 0; round < 3; round += 1) {
      let copied = false;
      const working = workUntil(() => copied);
      const saved = await desk.save();
      const copy = await desk.crashCopy();
      copied = true;
      await working;
      const next = await DeskFolder.open(copy);
      const { used } = await next.restore();
      expect(used).toMatchObject({ name: saved?.name, tickets: ids.length });
      expect(next.states()).toStrictEqual(await next.replayed());
      expect(await ticketsAhead(next)).toBeGreaterThan(0);
      await next.log.close();
    }
    await desk.log.close();
  });

  it('needs no history of the tickets it has in memory', async () => {
    const desk = await DeskFolder.open();
    await desk.engine.submit(many(600, open, assign));
    await desk.save();
    await desk.log.close();
    const next = await DeskFolder.open(desk.folder);
    const counted = countedReads(next.log);
    const engine = engineOn(counted.log);
    await restoreSnapshot({ ...partsOf(next), engine });
    const answers = await engine.submit(many(600, resolve));
    expect(answers.every((each) => each.status === 'accepted' && each.revision === 3)).toBe(true);
    expect(counted.tickets).toBe(0);
    await next.log.close();
  });

  it('saves no tickets that nothing can happen to any more, save for one now and then', async () => {
    const desk = await DeskFolder.open();
    const cancel = command('CancelTicket', { reason: 'spam' });
    await desk.engine.submit(many(9, { ...open, workflow: 'incident' }, cancel));
    await desk.engine.submit(on('live', open));
    expect(await desk.save()).toMatchObject({ tickets: 1 });
    expect(await saveSnapshot({ ...partsOf(desk), limits: { leftOutInRowMax: 4 } })).toMatchObject({
      tickets: 2,
    });
    await desk.log.close();
  });

  it('has nothing to save of an empty log, and nothing to restore without a folder', async () => {
    const desk = await DeskFolder.open();
    expect(await desk.save()).toBeUndefined();
    expect(await desk.restore()).toEqual({ used: undefined, ignored: [] });
    await desk.log.close();
  });

  it('refuses logs with other writers, whose tickets may be behind without anybody knowing', async () => {
    const log = memoryLog();
    const engine = engineOn(log);
    const parts = { engine, log, workflows: builtInWorkflows, snapshots: new KeptInMemory() };
    await expect(saveSnapshot(parts)).rejects.toMatchObject({ code: 'snapshot_dropped' });
    await expect(restoreSnapshot(parts)).rejects.toMatchObject({ code: 'snapshot_dropped' });
  });
});

describe('a state that is ahead of the log', () => {
  it('is not in a snapshot with a name while it is not durable', async () => {
    const disk = new HeldDisk();
    const desk = await DeskFolder.open(undefined, { files: disk.files });
    await desk.engine.submit([open]);
    disk.shut();
    const answer = desk.engine.submit([assign]);
    while (desk.states()[0]?.revision !== 2) await sleep(1);
    const saving = desk.save();
    while (!draftExists(desk)) await sleep(1);
    await sleep(50);
    expect(desk.snapshotFiles).toEqual(['states-0000000000000001.snap.tmp']);
    const after = await DeskFolder.open(await desk.crashCopy());
    expect(await after.restore()).toEqual({ used: undefined, ignored: [] });
    // The assignment is gone with the crash, and its revision is given to what comes next.
    expect(await after.engine.submit([command('AddComment', { body: 'Hello', public: true })])).toMatchObject(
      [{ status: 'accepted', revision: 2, state: 'new/unassigned/L0' }],
    );
    disk.open();
    await answer;
    expect(await saving).toMatchObject({ tickets: 1, position: 1 });
    const later = await DeskFolder.open(await desk.crashCopy());
    expect(await later.restore()).toMatchObject({ used: { tickets: 1, eventsRead: 1 } });
    expect(later.engine.tickets.find('T-1')?.revision).toBe(2);
    await Promise.all([desk, after, later].map(({ log }) => log.close()));
  });

  it('goes with the snapshot when the disk of the log fails', async () => {
    const disk = new HeldDisk();
    const desk = await DeskFolder.open(undefined, { files: disk.files });
    await desk.engine.submit([open]);
    disk.shut();
    const answer = desk.engine.submit([assign]).catch((error: unknown) => error);
    while (desk.states()[0]?.revision !== 2) await sleep(1);
    const saving = desk.save();
    while (!draftExists(desk)) await sleep(1);
    disk.break();
    await expect(saving).rejects.toMatchObject({ code: 'log_failed' });
    expect(await answer).toMatchObject({ code: 'log_failed' });
    expect(desk.snapshotFiles).toEqual([]);
    await expect(desk.save()).rejects.toMatchObject({ code: 'log_failed' });
    const after = await DeskFolder.open(await desk.crashCopy());
    expect(await after.restore()).toMatchObject({ used: undefined });
    await after.log.close();
    await desk.log.close().catch(() => undefined);
  });

  it('goes with the snapshot when the log refused the events and the engine went on', async () => {
    const inner = memoryLog();
    const refusal = Promise.withResolvers<never>();
    let refuse = false;
    const log = soleWriter(inner, (writes) => (refuse ? refusal.promise : inner.append(writes)));
    const engine = engineOn(log);
    await engine.submit([open]);
    refuse = true;
    const answer = engine.submit([assign]).catch((error: unknown) => error);
    while (engine.tickets.find('T-1')?.revision !== 2) await sleep(1);
    const snapshots = new KeptInMemory(async () => {
      refusal.reject(new Fault('overloaded', 'not now'));
      await answer;
      refuse = false;
      await engine.submit([resolve]);
    });
    const parts = { engine, log, workflows: builtInWorkflows, snapshots };
    await expect(saveSnapshot(parts)).rejects.toMatchObject({ code: 'snapshot_dropped' });
    expect(snapshots.taken).toMatchObject([{ revision: 2, state: 'open/assigned/L0' }]);
    expect(snapshots.kept).toBeUndefined();
    expect(engine.failure).toBeUndefined();
    await saveSnapshot({ ...parts, snapshots: new KeptInMemory() });
  });

  it('is left alone with a log that was put back to an earlier copy', async () => {
    const disk = new HeldDisk();
    const desk = await DeskFolder.open(undefined, { files: disk.files });
    await desk.engine.submit([open]);
    disk.shut();
    const answer = desk.engine.submit([assign]);
    while (desk.states()[0]?.revision !== 2) await sleep(1);
    const saving = desk.save();
    while (!draftExists(desk)) await sleep(1);
    const earlier = await DeskFolder.open(await desk.crashCopy());
    disk.open();
    await Promise.all([answer, saving]);
    // The snapshot begins at position 1, which both logs have; its state holds position 2.
    const restored = await restoreSnapshot({ ...partsOf(earlier), snapshots: desk.snapshots });
    expect(restored.used).toBeUndefined();
    expect(restored.ignored).toMatchObject([/knows position 2, and the log ends at 1/].map(stringMatching));
    expect(earlier.states()).toEqual([]);
    await earlier.engine.submit([open, ...on('T-2', open)]);
    const forked = await restoreSnapshot({ ...partsOf(await reopened(earlier)), snapshots: desk.snapshots });
    expect(forked.ignored).toMatchObject([/another event at position 2/].map(stringMatching));
    await desk.log.close();
  });

  it('would be found out by the log, even in a snapshot that lies', async () => {
    const desk = await DeskFolder.open();
    await desk.engine.submit([open]);
    const [state] = desk.states();
    if (state === undefined) expect.unreachable('the ticket is in memory');
    const liar = new KeptInMemory();
    const truth: LogMark = {
      position: 1,
      ticketId: 'T-1',
      revision: 1,
      recordedAt: desk.engine.counts.events,
    };
    const [event] = await allEvents(desk.log);
    const mark = { ...truth, recordedAt: event?.recordedAt ?? 0 };
    await liar.save(mark, [{ ...state, revision: 7 }], async () => mark);
    const next = await DeskFolder.open(await desk.crashCopy());
    await restoreSnapshot({ ...partsOf(next), snapshots: liar });
    expect(next.engine.tickets.find('T-1')?.revision).toBe(7);
    expect(await next.engine.submit([assign])).toMatchObject([{ status: 'accepted', revision: 2 }]);
    await Promise.all([desk.log.close(), next.log.close()]);
  });
});

describe('a snapshot that does not fit', () => {
  it('is left alone when it is of another log', async () => {
    const [ours, other] = [await DeskFolder.open(), await DeskFolder.open()];
    await ours.engine.submit(many(3, open));
    await other.engine.submit(on('elsewhere', open, assign, resolve));
    await other.save();
    const next = await DeskFolder.open(await ours.crashCopy());
    const restored = await restoreSnapshot({ ...partsOf(next), snapshots: other.snapshots });
    expect(restored.used).toBeUndefined();
    expect(restored.ignored).toMatchObject([/another event at position 3/].map(stringMatching));
    expect(next.states()).toEqual([]);
    await Promise.all([ours, other, next].map(({ log }) => log.close()));
  });

  it('is left alone when reading what came after it would take longer than it saves', async () => {
    const desk = await DeskFolder.open();
    await desk.engine.submit([open]);
    await desk.save();
    await desk.engine.submit([assign, resolve]);
    const next = await DeskFolder.open(await desk.crashCopy());
    const restored = await restoreSnapshot({ ...partsOf(next), limits: { replayedEventsMax: 1 } });
    expect(restored.ignored).toMatchObject([/2 events behind, and at most 1/].map(stringMatching));
    expect(await next.restore()).toMatchObject({ used: { eventsRead: 2 } });
    await Promise.all([desk.log.close(), next.log.close()]);
  });

  it('leaves no ticket behind when it turns out to be unreadable half-way; the older one is used', async () => {
    const desk = await DeskFolder.open();
    await desk.engine.submit(many(2, open));
    await desk.save();
    const older = desk.snapshots;
    const torn: StateSnapshots = {
      save: older.save.bind(older),
      async *load() {
        for await (const stored of older.load()) {
          if (stored.status !== 'sound') continue;
          yield { ...stored, name: 'torn', states: tornStates };
          yield stored;
        }
      },
    };
    const next = await DeskFolder.open(await desk.crashCopy());
    const { used, ignored } = await restoreSnapshot({ ...partsOf(next), snapshots: torn });
    expect(ignored).toEqual(['torn was left alone: the disk is gone']);
    expect(used).toMatchObject({ tickets: 2 });
    expect(next.states()).toStrictEqual(await next.replayed());
    await Promise.all([desk.log.close(), next.log.close()]);
  });

  it('gives up a ticket whose next event it can not apply, and the log is asked for it', async () => {
    const desk = await DeskFolder.open();
    await desk.engine.submit([open, assign]);
    await desk.save();
    const [state] = desk.states();
    if (state === undefined) expect.unreachable('the ticket is in memory');
    const [first] = await allEvents(desk.log);
    if (first === undefined) expect.unreachable('the log has events');
    const behind = new KeptInMemory();
    await desk.engine.submit([resolve]);
    const mark = (await loadMark(desk)) ?? first;
    await behind.save(mark, [{ ...state, revision: 1 }], async () => mark);
    const next = await DeskFolder.open(await desk.crashCopy());
    await restoreSnapshot({ ...partsOf(next), snapshots: behind });
    expect(next.states()).toEqual([]);
    const [answer] = await next.engine.submit([command('ReopenTicket')]);
    expect(answer).toMatchObject({ status: 'accepted', revision: 4 });
    await Promise.all([desk.log.close(), next.log.close()]);
  });
});

const stringMatching = (pattern: RegExp) => expect.stringMatching(pattern);
