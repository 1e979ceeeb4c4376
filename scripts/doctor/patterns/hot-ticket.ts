/**
 * One ticket that everybody works on. Commands of one ticket are decided one after the other, so that it can
 * be slow while the server has time to spare.
 */
import { type Finding, type Looked, unseen } from '../finding.ts';
import { grown, wholeOf } from '../intervals.ts';
import type { EventFacts, Seen } from '../seen.ts';
import { inDigits, inPercent, inSpan, inTime } from '../words.ts';

const pattern = 'hot_ticket';
/** With fewer events one busy conversation is a large share. */
const eventsMin = 500;
const hotShareMin = 0.25;
const contendedShareMin = 0.01;
const contendedMin = 10;
const shown = 3;

export function hotTicket({ facts: { events }, live }: Seen): readonly Finding[] {
  return [ofEvents(events), ...ofConflicts(live)];
}

function ofEvents(looked: Looked<EventFacts>): Finding {
  if ('unseen' in looked) return unseen(pattern, looked.unseen);
  const { events, tickets, busiest, fromMs, toMs } = looked.seen;
  const over = `of the newest ${inDigits(events)} events, ${inTime(fromMs)} to ${inTime(toMs)}`;
  const [first] = busiest;
  if (events < eventsMin || first === undefined) {
    return unseen(
      pattern,
      `the log has ${events} events to look at, and shares mean something from ${eventsMin} on`,
    );
  }
  const shares = busiest
    .slice(0, shown)
    .map((each) => `${each.ticketId}: ${inPercent(each.events / events)} (${inDigits(each.events)})`);
  const evidence = [`${shares.join(', ')} ${over}, which are of ${inDigits(tickets)} tickets`];
  if (first.events / events < hotShareMin) {
    return { pattern, severity: 'ok', title: 'the work is spread over tickets', evidence, next: '' };
  }
  return {
    pattern,
    severity: 'warning',
    title: `${first.ticketId} is hot: a large share of all events is its`,
    evidence,
    next:
      `See who does it: \`docket ticket show ${first.ticketId}\`. Often it is an integration that comments ` +
      'in a loop, or a monitor that puts every alert into one ticket: have it open a ticket for each case.',
  };
}

function ofConflicts(live: Seen['live']): readonly Finding[] {
  const whole = wholeOf(live);
  if (whole === undefined) return [];
  const contended = grown(whole, 'commandsContended') ?? 0;
  const answered = grown(whole, 'commandsAnswered') ?? 0;
  if (contended < contendedMin || contended < contendedShareMin * answered) return [];
  return [
    {
      pattern,
      severity: 'warning',
      title: 'writers get in each other’s way on the same tickets',
      evidence: [
        `${inDigits(contended)} of ${inDigits(answered)} commands were refused because the ticket had changed ` +
          `meanwhile, over ${inSpan(whole.seconds * 1_000)}`,
      ],
      next:
        'Send If-Match or expectedRevision only where it matters, read the ticket again before trying again, ' +
        'and let one process handle one ticket.',
    },
  ];
}
