/**
 * The small things that happen to a simulated ticket while it is worked on: it changes hands, is commented,
 * raised, linked, merged. It must never do what the workflow would refuse at that moment.
 */
import { type Chore, type Desk, type DeskTicket, system, weightedNames } from './desk.ts';
import type { Random } from './random.ts';
import { rates } from './rates.ts';

const otherGroupShare = 0.6;
const escalationsMax = 3;
const note = { body: 'Looked at the logs; the cause is narrowed down.', public: false };
const priorities = weightedNames(rates.priorities);

export function doChore(desk: Desk, ticket: DeskTicket, chore: Chore): void {
  const { random, staff } = desk;
  const other = chore === 'link' || chore === 'merge' ? desk.other(ticket) : undefined;
  switch (chore) {
    case 'reassign':
      if (random.chance(otherGroupShare)) ticket.group = staff.group(random);
      ticket.agent = staff.agentOf(random, ticket.group);
      assign(desk, ticket);
      break;
    case 'comment':
      desk.send(ticket, ticket.agent, { type: 'AddComment', data: note });
      break;
    case 'escalate':
      if (ticket.escalations >= escalationsMax) break;
      ticket.escalations += 1;
      desk.send(ticket, ticket.agent, {
        type: 'EscalateTicket',
        data: { reason: 'Needs more depth' },
      });
      break;
    case 'prioritise': {
      const fields = { priority: somePriority(random) };
      desk.send(ticket, ticket.agent, { type: 'ChangeFields', data: { fields } });
      break;
    }
    case 'link':
      if (other === undefined) break;
      desk.send(ticket, ticket.agent, {
        type: 'LinkTicket',
        data: { ticket: other.id, relation: 'related' },
      });
      break;
    case 'merge':
      if (other === undefined) break;
      desk.send(ticket, ticket.agent, { type: 'MergeTicket', data: { into: other.id } });
      desk.leave(ticket);
      break;
    case 'remove':
      desk.send(ticket, staff.lead(random), { type: 'RemoveAgent', data: { reason: 'Shift ends' } });
      reassignInGroup(desk, ticket);
      break;
    case 'offline':
      desk.send(ticket, system, { type: 'MarkAgentOffline', data: {} });
      reassignInGroup(desk, ticket);
      break;
    default:
      chore satisfies never;
  }
}

/** A lead gives the ticket to the agent it is meant for. */
export function assign(desk: Desk, ticket: DeskTicket): void {
  const eligibility = { available: true, inGroup: true };
  const data = { agent: ticket.agent.id, group: ticket.group, eligibility };
  desk.send(ticket, desk.staff.lead(desk.random), { type: 'AssignTicket', data });
}

export function somePriority(random: Random): string {
  return priorities.pick(random).name;
}

function reassignInGroup(desk: Desk, ticket: DeskTicket): void {
  ticket.agent = desk.staff.agentOf(desk.random, ticket.group);
  assign(desk, ticket);
}
