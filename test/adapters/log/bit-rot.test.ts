/**
 * Every byte of a log damaged, one at a time, and every file cut at every length. Each call either says
 * `log_damaged` or answers exactly what was written: never a changed event, a missing or a reordered one.
 * On a simulated disk, so that the many thousand logs take seconds; one bit of each byte follows from a seed.
 */
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSegmentReader } from '../../../adapters/log/segment/segment-reader.ts';
import { verifySegments } from '../../../adapters/log/segment/verify.ts';
import { Random } from '../../../adapters/simulation/random.ts';
import { Fault } from '../../../domain/errors.ts';
import type { EventReader } from '../../../domain/ports.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import { appendAll, folder, idleMs, openLog, quiet, Violation } from '../../simulation/history.ts';
import { Ledger } from '../../simulation/ledger.ts';
import { lendLargeBuffers, seedSalts } from '../../simulation/process-seams.ts';
import { expectFound, expectPrefix } from '../../simulation/recovery-check.ts';
import { replayable, seed } from '../../simulation/settings.ts';
import { type DiskImage, SimDisk } from '../../simulation/sim-disk.ts';
import { VirtualTime } from '../../simulation/virtual-time.ts';
import { readAll } from './samples.ts';

const segmentBytesMax = 1_200;
const timeout = 300_000;
const time = new VirtualTime();

let image: DiskImage;
let ledger: Ledger;
/** Two sealed segments at least, and one that grew when the process was killed. */
let segments: readonly string[];
let restore: (() => void)[];

beforeAll(async () => {
  restore = [lendLargeBuffers(), seedSalts(seed)];
  ledger = new Ledger();
  const disk = new SimDisk();
  const log = await openLog({ files: disk, time, segmentBytesMax });
  for (let call = 0; call < 12; call += 1) {
    const write = { ticket: call % 3, events: 1 + (call % 2), bodyBytes: (call % 4) * 40 };
    await appendAll(log, ledger, time, [[{ ...write, command: call % 2 === 0 }]]);
  }
  await quiet(disk);
  // An opened log need not copy the end of a segment that ends with a mark: only the damage costs time.
  time.advance(idleMs);
  await quiet(disk);
  image = atRest(disk);
  segments = [...image.keys()].filter((path) => path.endsWith('.seg')).sort();
  expect(segments.length).toBeGreaterThan(2);
});

afterAll(() => {
  for (const each of restore.reverse()) each();
});

/** All files as a process sees them. */
function atRest(disk: SimDisk): DiskImage {
  const { names, changes } = disk.crashPoint();
  expect(changes).toEqual([]);
  return new Map(
    [...names].map(([path, { durable, durableSize, writes, sizes }]) => {
      const bytes = Buffer.alloc(sizes.at(-1)?.size ?? durableSize);
      durable.copy(bytes);
      for (const write of writes) write.bytes.copy(bytes, write.sector * 512 + write.from);
      return [path, bytes];
    }),
  );
}

/** The log with one file changed; without the file where there are no bytes. */
function withFile(path: string, bytes: Buffer | undefined, from: DiskImage = image): DiskImage {
  const changed = new Map(from);
  if (bytes === undefined) changed.delete(path);
  else changed.set(path, bytes);
  return changed;
}

/** Each byte of a file turned over, and one bit of each; or only with what `each` says. */
function* flips(path: string, each?: readonly number[]): Generator<Buffer> {
  const whole = bytesOf(path);
  const random = new Random(seed);
  for (let at = 0; at < whole.length; at += 1) {
    for (const bits of each ?? [0xff, 1 << random.below(8)]) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ bits;
      yield bytes;
    }
  }
}

function* cuts(path: string): Generator<Buffer> {
  const whole = bytesOf(path);
  for (let length = 0; length < whole.length; length += 1) yield whole.subarray(0, length);
}

function bytesOf(path: string): Buffer {
  const bytes = image.get(path);
  if (bytes === undefined) throw new Error(`bug: no ${path} in the log`);
  return bytes;
}

/** True where the work was refused with `log_damaged`; any other failure is passed on. */
async function refused(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return false;
  } catch (error) {
    if (error instanceof Fault && error.code === 'log_damaged') return true;
    throw error;
  }
}

/**
 * Opens the log and asks it everything, each answer right or refused. Returns how many events it holds, or
 * that it did not open.
 */
async function openAndAsk(changed: DiskImage): Promise<number | 'refused'> {
  let held = 0;
  const opened = await refused(async () => {
    const log = await openLog({ files: new SimDisk(changed), time, segmentBytesMax });
    held = await log.head();
    const whole = ledger.sequence.slice(0, held);
    expectPrefix(whole, ledger);
    await refused(async () => expectSame(await readAll(log), whole));
    for (const ticketId of ['T-0', 'T-1', 'T-2']) {
      const events = whole.filter((event) => event.ticketId === ticketId);
      await refused(async () => expectSame(await log.readTicket(ticketId), events));
    }
    for (const commandId of ['c-1', 'c-9', 'c-100']) {
      const events = whole.filter((event) => event.commandId === commandId);
      await refused(async () => expectSame((await log.findCommand(commandId))?.events ?? [], events));
    }
  });
  return opened ? 'refused' : held;
}

function expectSame(found: readonly RecordedEvent[], truth: readonly RecordedEvent[]): void {
  if (isDeepStrictEqual(found, truth)) return;
  throw new Violation(`${JSON.stringify(found)} was read instead of ${JSON.stringify(truth)}`);
}

function verify(changed: DiskImage): Promise<unknown> {
  return verifySegments(folder, undefined, new SimDisk(changed));
}

describe('a sealed segment', { timeout }, () => {
  test('with any byte damaged: every answer is right or refused, and verifying finds it', async () => {
    const [first = ''] = segments;
    let logs = 0;
    await replayable(seed, async () => {
      for (const bytes of flips(first)) {
        const changed = withFile(first, bytes);
        await openAndAsk(changed);
        if (!(await refused(() => verify(changed)))) throw new Violation('verifying found nothing');
        logs += 1;
      }
    });
    expect(logs).toBe(2 * bytesOf(first).length);
  });

  test('of any shorter length: every answer is right or refused, and verifying finds it', async () => {
    const [first = ''] = segments;
    for (const bytes of cuts(first)) {
      const changed = withFile(first, bytes);
      await openAndAsk(changed);
      expect(await refused(() => verify(changed))).toBe(true);
    }
    expect(await refused(() => verify(image))).toBe(false);
  });
});

describe('the segment that grows', { timeout }, () => {
  test.each(['with', 'without'])('of any shorter length, %s the durable file', async (durable) => {
    const last = segments.at(-1) ?? '';
    const from = durable === 'with' ? image : withFile(`${folder}/durable`, undefined);
    const sealed = Number.parseInt(last.slice(folder.length + 1), 10) - 1;
    const least = durable === 'with' ? ledger.acknowledged : sealed;
    const kept = new Set<number | 'refused'>();
    for (const bytes of cuts(last)) {
      const held = await openAndAsk(withFile(last, bytes, from));
      kept.add(held);
      if (held !== 'refused') expect(held).toBeGreaterThanOrEqual(least);
    }
    // The durable file knows that all of it was acknowledged; without it, tails are cut where they are torn.
    if (durable === 'with') expect(kept).toEqual(new Set(['refused', ledger.acknowledged]));
    else expect(kept.size).toBeGreaterThan(2);
  });

  test('with any byte damaged: all is there or nothing is opened, for the marker proves it', async () => {
    const last = segments.at(-1) ?? '';
    const without = withFile(`${folder}/durable`, undefined);
    const kept = new Map<number | 'refused', number>();
    for (const bytes of flips(last)) {
      for (const from of [image, without]) {
        const held = await openAndAsk(withFile(last, bytes, from));
        kept.set(held, (kept.get(held) ?? 0) + 1);
      }
    }
    // What stays readable is damage to the marker itself and to the zeros behind it.
    expect([...kept.keys()].sort()).toEqual([ledger.acknowledged, 'refused']);
  });
});

describe('what can be made again', { timeout }, () => {
  test('a sidecar damaged anywhere or cut anywhere changes no answer', async () => {
    const path = (segments[0] ?? '').replace('.seg', '.idx');
    const tickets = ledger.sequence.filter(({ ticketId }) => ticketId === 'T-0');
    const command = ledger.sequence.filter(({ commandId }) => commandId === 'c-1');
    expect(command.length).toBeGreaterThan(0);
    let logs = 0;
    for (const damaged of [flips(path, [0xff]), cuts(path)]) {
      for (const bytes of damaged) {
        const log = await openLog({ files: new SimDisk(withFile(path, bytes)), time, segmentBytesMax });
        expectSame(await log.readTicket('T-0'), tickets);
        expectSame((await log.findCommand('c-1'))?.events ?? [], command);
        expect(await log.findCommand('c-100')).toBe(undefined);
        logs += 1;
      }
    }
    const log = await openLog({ files: new SimDisk(image), time, segmentBytesMax });
    await expectFound(log, ledger.sequence, ledger);
    expect(logs).toBe(2 * bytesOf(path).length);
  });

  test('the durable file damaged anywhere or cut anywhere hides nothing and adds nothing', async () => {
    const path = `${folder}/durable`;
    for (const damaged of [flips(path), cuts(path)]) {
      for (const bytes of damaged) {
        const changed = withFile(path, bytes);
        expect(await openAndAsk(changed)).toBe(ledger.acknowledged);
        const files = new SimDisk(changed);
        const reader: EventReader = await openSegmentReader({ folder, files, pollIntervalMs: 0 });
        expectPrefix(await readAll(reader), ledger);
        await reader.close();
      }
    }
  });
});
