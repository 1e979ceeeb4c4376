/** Tickets that the read models had to leave behind: their rows stand still until somebody looks. */
import { type Finding, unseen } from '../finding.ts';
import type { Seen } from '../seen.ts';
import { inDigits, inOneLine, inSpan } from '../words.ts';

const pattern = 'parked_tickets';
const shown = 5;

export function parkedTickets({
  facts: { database },
  live,
  history,
  noLive,
  nowMs,
}: Seen): readonly Finding[] {
  const asked = 'seen' in database ? database.seen.parked : database;
  const known = 'seen' in asked ? asked.seen : undefined;
  const counted = [...history, ...live].findLast((sample) => sample.parkedTickets !== undefined);
  const count = known?.length ?? counted?.parkedTickets;
  if (count === undefined) {
    return [unseen(pattern, 'unseen' in asked ? asked.unseen : (noLive ?? 'no sample tells them'))];
  }
  if (count === 0) {
    return [
      { pattern, severity: 'ok', title: 'no ticket is parked', evidence: ['0 parked tickets'], next: '' },
    ];
  }
  const each = (known ?? []).slice(0, shown).map(({ projection, ticketId, parkedAtMs, reason }) => {
    return `${ticketId} in ${projection}, for ${inSpan(nowMs - parkedAtMs)}: ${inOneLine(reason)}`;
  });
  return [
    {
      pattern,
      severity: 'warning',
      title: `${inDigits(count)} tickets are parked: their rows stand still`,
      evidence: each.length > 0 ? each : [`${inDigits(count)} as the server counts them`],
      next: 'See why with `docket projections status`; once that is mended, `docket projections retry`.',
    },
  ];
}
