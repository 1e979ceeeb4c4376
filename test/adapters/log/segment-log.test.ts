/**
 * The segment log keeps the contract: with one segment, and with segments so small that nearly every call
 * begins one.
 */

import { frameBytesMax, frameEventsMax } from '../../../adapters/log/segment/format.ts';
import { openSegmentLog } from '../../../adapters/log/segment/segment-log.ts';
import type { EventLog } from '../../../domain/ports.ts';
import { eventLogContract } from '../../contracts/event-log.ts';
import { temporaryFolder } from './folders.ts';

for (const [name, segmentBytesMax] of [
  ['segment', 64 * 1024 * 1024],
  ['segment, tiny segments', 300],
] as const) {
  eventLogContract(name, async (clock) => {
    const folder = await temporaryFolder();
    let log: EventLog = await openSegmentLog({ folder, clock, segmentBytesMax });
    return {
      log,
      writeEventsMax: frameEventsMax,
      ...(segmentBytesMax > frameBytesMax / 2 ? { writeBytesMax: frameBytesMax } : {}),
      async reopen() {
        await log.close();
        log = await openSegmentLog({ folder, clock, segmentBytesMax });
        return log;
      },
      close: () => log.close(),
    };
  });
}
