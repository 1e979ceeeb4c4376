/**
 * Run as a process of its own by the log tests: opens the log in the folder it is given and appends until
 * it is killed, printing `position revision` of each acknowledged write on a line of its own, afterwards.
 */
import { writeSync } from 'node:fs';
import { openSegmentLog } from '../../../adapters/log/segment/segment-log.ts';
import type { Write } from '../../../domain/ports.ts';
import { newEvent } from '../../support/events.ts';

const [folder = '', segmentBytesMax = '4096', pauseMs = '0'] = process.argv.slice(2);
const log = await openSegmentLog({
  folder,
  clock: { now: () => Date.now() },
  segmentBytesMax: Number(segmentBytesMax),
});
writeSync(1, 'open\n');

const ticketCount = 5;
const revisions = await Promise.all(
  Array.from({ length: ticketCount }, (_, ticket) => log.revisionOf(`T-${ticket}`)),
);

for (let round = 0; ; round += 1) {
  const writes: Write[] = revisions.map((revision, ticket) => {
    const body = `round ${round} `.repeat((round * 7 + ticket) % 40);
    const event = newEvent(
      { type: 'CommentAdded', data: { body, public: true } },
      { commandId: `${ticket}/${revision}`, commandDigest: 'ab' },
    );
    return { ticketId: `T-${ticket}`, expectedRevision: revision, events: [event] };
  });
  const outcomes = await log.append(writes);
  for (const [ticket, outcome] of outcomes.entries()) {
    if (outcome.status !== 'appended') throw new Error(JSON.stringify(outcome));
    revisions[ticket] = (revisions[ticket] ?? 0) + 1;
    writeSync(1, `${outcome.position} T-${ticket} ${revisions[ticket]} ${Date.now()}\n`);
  }
  if (Number(pauseMs) > 0) await new Promise((resolve) => setTimeout(resolve, Number(pauseMs)));
}
