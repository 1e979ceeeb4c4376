/**
 * Run as a process of its own: appends to the log at a URL until it is told to stop, among others who do the
 * same to the same tickets. Every event carries a token in `source`; what became of each write is told on a
 * line of its own, afterwards: `token status position time`. It stalls now and then, in the middle of things.
 */
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPostgresLog } from '../../../../adapters/log/postgres/postgres-log.ts';
import { openDatabase } from '../../../../adapters/postgres/database.ts';
import { Random } from '../../../../adapters/simulation/random.ts';
import { Fault } from '../../../../domain/errors.ts';
import type { AppendOutcome, Write } from '../../../../domain/ports.ts';
import { newEvent } from '../../../support/events.ts';

const ticketCount = 40;
const writesAtOnceMax = 12;
const callsAtOnceMax = 3;

const [url = '', name = '', seed = '0'] = process.argv.slice(2);
const random = new Random(Number(seed));
const database = openDatabase(url, { applicationName: `docket-proof-${name}` });
const log = await openPostgresLog({ database, clock: { now: () => Date.now() } });
const revisions = new Map<string, number>();
let sent = 0;
let stopping = false;
void once(process.stdin, 'data').then(() => {
  stopping = true;
});
writeSync(1, 'open\n');

function nextWrite(): Write {
  const ticketId = `T-${random.below(ticketCount)}`;
  const expectedRevision = revisions.get(ticketId) ?? 0;
  const count = 1 + random.below(2);
  sent += 1;
  const source = `${name}-${sent}`;
  // All writers go through the same ids, so that each is wanted by several.
  const commandId = random.below(3) === 0 ? `command-${Math.floor(sent / 2)}` : undefined;
  const first = commandId === undefined ? {} : { commandId, commandDigest: name };
  const events = Array.from({ length: count }, (_, index) =>
    newEvent({ type: 'WorkStarted', data: {} }, { source, ...(index === 0 ? first : {}) }),
  );
  revisions.set(ticketId, expectedRevision + count);
  return { ticketId, expectedRevision, events };
}

async function append(writes: readonly Write[]): Promise<void> {
  try {
    const outcomes = await log.append(writes);
    for (const [index, outcome] of outcomes.entries()) await tell(writes[index], outcome);
  } catch (error) {
    if (!(error instanceof Fault) || !error.retry) throw error;
    for (const { ticketId, events } of writes) {
      writeSync(1, `${events[0]?.source} unknown 0 ${Date.now()}\n`);
      revisions.set(ticketId, await log.revisionOf(ticketId).catch(() => 0));
    }
  }
}

async function tell(write: Write | undefined, outcome: AppendOutcome): Promise<void> {
  const position = outcome.status === 'appended' ? outcome.position : 0;
  writeSync(1, `${write?.events[0]?.source} ${outcome.status} ${position} ${Date.now()}\n`);
  if (outcome.status === 'conflict') revisions.set(outcome.ticketId, outcome.actualRevision);
}

/** Half of the stalls stop the whole process, as a long collection or a slow disk would. */
async function stall(): Promise<void> {
  const ms = random.below(40);
  if (random.below(2) === 0) await sleep(ms);
  else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

while (!stopping) {
  const calls = Array.from({ length: 1 + random.below(callsAtOnceMax) }, () =>
    Array.from({ length: 1 + random.below(writesAtOnceMax) }, nextWrite),
  );
  const appended = Promise.all(calls.map(append));
  if (random.below(4) === 0) await stall();
  await appended;
}
await log.close();
await database.close();
process.exit(0);
