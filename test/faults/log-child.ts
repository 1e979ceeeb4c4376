/** Run under strace by the fault tests: a log, with nothing before it. What it tells stands in child.ts. */
import { newEvent } from '../support/events.ts';
import { runChild } from './child.ts';

await runChild((log) => async (commandId) => {
  const event = newEvent(
    { type: 'CommentAdded', data: { body: 'a comment, long enough to count', public: true } },
    { commandId, commandDigest: 'ab' },
  );
  const ticketId = 'T-1';
  const expectedRevision = await log.revisionOf(ticketId);
  const [outcome] = await log.append([{ ticketId, expectedRevision, events: [event] }]);
  if (outcome?.status !== 'appended') throw new Error(`${commandId}: ${JSON.stringify(outcome)}`);
  return outcome.position;
});
