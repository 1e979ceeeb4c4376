/**
 * Run as a process of its own by open-log.ts: opens the log in the folder it is given, appends to one ticket,
 * tells what that took, and then waits to be killed; or reads tickets too, and closes the log in the end.
 */
import { readFileSync } from 'node:fs';
import { openSegmentLog } from '../../adapters/log/segment/segment-log.ts';
import { systemClock } from '../runtime/system.ts';
import { askedToStop, tell } from './child-process.ts';
import { eventOf, eventsOfReadTicket, longLogTicket, readTickets } from './long-log.ts';

export interface Opening {
  /** From the call until the log can be used. */
  readonly openMs: number;
  /** From the same call until an append to an old ticket has been acknowledged. */
  readonly firstAppendMs: number;
  /** What opening had to mend. */
  readonly repairs: number;
  /** Resident, before and after opening; and the most that this process ever had, up to the first append. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly bytesPeak: number;
  /** Microseconds of each ticket read, one after the other. */
  readonly readUs: readonly number[];
}

const [folder = '', end = 'close'] = process.argv.slice(2);
const willBeKilled = end === 'be killed';
const bytesBefore = process.memoryUsage.rss();
let repairs = 0;
const startedAtMs = performance.now();
const onRepair = () => {
  repairs += 1;
};
// A marker after an idle moment would make a killed log look like one at which nothing was going on.
const never = () => () => {};
const log = await openSegmentLog({
  folder,
  clock: systemClock,
  onRepair,
  ...(willBeKilled ? { schedule: never } : {}),
});
const openMs = performance.now() - startedAtMs;
const bytesAfter = process.memoryUsage.rss();
const ticketId = longLogTicket(readTickets);
const expectedRevision = await log.revisionOf(ticketId);
const [outcome] = await log.append([{ ticketId, expectedRevision, events: [eventOf(expectedRevision, 1)] }]);
const firstAppendMs = performance.now() - startedAtMs;
if (expectedRevision === 0 || outcome?.status !== 'appended') throw new Error('bug: the ticket is not there');
const bytesPeak = peakBytes();
const readUs: number[] = [];
for (let index = 0; !willBeKilled && index < readTickets; index += 1) {
  const id = longLogTicket(index);
  const readFromMs = performance.now();
  const { length } = await log.readTicket(id);
  readUs.push((performance.now() - readFromMs) * 1_000);
  if (length !== eventsOfReadTicket) throw new Error(`bug: ticket ${id} has ${length} events`);
}
const opening: Opening = { openMs, firstAppendMs, repairs, bytesBefore, bytesAfter, bytesPeak, readUs };
await tell(opening);
await askedToStop();
await log.close();
process.disconnect();

/**
 * Since this program began. `maxRSS` is taken only where there is no /proc: Linux counts in it what the
 * parent held when it made this process.
 */
function peakBytes(): number {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
    if (kilobytes !== undefined) return Number(kilobytes) * 1_024;
  } catch {
    // No /proc on this system.
  }
  return process.resourceUsage().maxRSS * 1_024;
}
