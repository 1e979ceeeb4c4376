/**
 * The segment log keeps the contract: with one segment, with segments so small that nearly every call begins
 * one, and with no memory for the ticket tables of segments that are sealed.
 */

import { openSegmentLog } from '../../../adapters/log/segment/segment-log.ts';
import type { EventLog } from '../../../domain/ports.ts';
import { eventLogContract } from '../../contracts/event-log.ts';
import { temporaryFolder } from './folders.ts';

for (const [name, options] of [
  ['segment', {}],
  ['segment, tiny segments', { segmentBytesMax: 300 }],
  ['segment, no tables in memory', { segmentBytesMax: 300, residentTicketBytesMax: 0 }],
] as const) {
  eventLogContract(name, async (clock) => {
    const folder = await temporaryFolder();
    let log: EventLog = await openSegmentLog({ folder, clock, ...options });
    return {
      log,
      async reopen() {
        await log.close();
        log = await openSegmentLog({ folder, clock, ...options });
        return log;
      },
      close: () => log.close(),
    };
  });
}
