/**
 * Imports that are killed midway and begun again: in the end the log holds what an uninterrupted import would
 * have written, each event once.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { importDocket } from '../../../adapters/imports/import-docket.ts';
import { openSegmentLog } from '../../../adapters/log/segment/segment-log.ts';
import type { EventReader } from '../../../domain/ports.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import { systemClock } from '../../../scripts/runtime/system.ts';
import { randomHistory } from '../../projections/histories.ts';
import { tempFile, xes, xesEvent, xesTrace } from './case-files.ts';
import { caseImport, deskOf } from './case-imports.ts';
import { docketXes } from './docket-xes.ts';

const folder = mkdtempSync(join(tmpdir(), 'docket-import-kill-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Kills the child once it has told of so many events; never, where it ends before. */
async function run(args: readonly string[], killAtEvents: number): Promise<'killed' | 'ended'> {
  const entry = join(import.meta.dirname, 'import-child.ts');
  const child = spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let killed = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const events = Math.max(...text.split('\n').map(Number));
    if (events >= killAtEvents && !killed) killed = child.kill('SIGKILL');
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (!killed) expect(code).toBe(0);
  return killed ? 'killed' : 'ended';
}

/** By ticket: all but what a log gives. */
async function essence(log: EventReader): Promise<ReadonlyMap<string, unknown[]>> {
  const histories = new Map<string, unknown[]>();
  for await (const batch of log.read(1)) {
    for (const { position: _, recordedAt: __, partition: ___, ...event } of batch) {
      const plain: RecordedEvent = JSON.parse(JSON.stringify(event));
      histories.set(event.ticketId, [...(histories.get(event.ticketId) ?? []), plain]);
    }
  }
  return histories;
}

async function killedTwice(kind: string, file: string, total: number): Promise<EventReader> {
  const [log, scratch] = [join(folder, `${kind}-log`), mkdtempSync(join(folder, 'scratch-'))];
  const heads: number[] = [];
  for (const share of [0.2, 0.6]) {
    expect(await run([kind, log, file, scratch], total * share)).toBe('killed');
    const opened = await openSegmentLog({ folder: log, clock: systemClock });
    heads.push(await opened.head());
    await opened.close();
  }
  expect(heads[0]).toBeGreaterThan(0);
  expect(heads[1]).toBeLessThan(total);
  expect(await run([kind, log, file, scratch], Number.POSITIVE_INFINITY)).toBe('ended');
  return openSegmentLog({ folder: log, clock: systemClock });
}

test('an event log of another system', async () => {
  const at = (hour: number) => new Date(Date.UTC(2016, 2, 1, hour)).toISOString();
  const steps = ['Register', 'Analyse defect', 'Repair', 'Repair', 'Dance', 'Archive'];
  const traces = Array.from({ length: 200 }, (_, index) =>
    xesTrace(`R${index}`, ...steps.map((step, hour) => xesEvent(step, at(hour)))),
  );
  const file = await tempFile(xes(...traces), 'repairs.xes');
  const whole = deskOf();
  const { report } = await caseImport(whole, file);
  expect(report).toMatchObject({ rows: 1_200, events: 1_000, rejected: 200 });
  const log = await killedTwice('cases', file, 1_000);
  expect(await essence(log)).toEqual(await essence(whole.log));
  await log.close();
}, 180_000);

test("Docket's own events", async () => {
  const history = randomHistory({ seed: 5, events: 1_500, liveTickets: 80, eventsPerTicket: 20 });
  const file = await tempFile(docketXes(history), 'export.xes');
  const log = await killedTwice('docket', file, 1_500);
  const whole = deskOf();
  const scratch = mkdtempSync(join(folder, 'scratch-'));
  await importDocket({ file, sink: whole.engine, reader: whole.log, scratch, rejects: join(scratch, 'r') });
  expect(await essence(log)).toEqual(await essence(whole.log));
  await log.close();
}, 180_000);
