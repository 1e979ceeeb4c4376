/**
 * Who said something to whom: what reply metrics count. Only what the requester can see is a reply, and an
 * integration that repeats what somebody said elsewhere counts as that person.
 */
import type { NewEvent } from '../ticket/events.ts';
import type { Role } from '../ticket/values.ts';

/** A public comment by an agent or a lead, alone or with a change of state. */
export function isAgentReply(event: NewEvent): boolean {
  return saysPublicly(event) && isStaff(speakerOf(event));
}

/** A public comment by the requester, other than the opening of the ticket. */
export function isRequesterComment(event: NewEvent): boolean {
  if (event.type === 'RequesterReplied') return true;
  return event.type === 'CommentAdded' && event.data.public && speakerOf(event) === 'requester';
}

function saysPublicly(event: NewEvent): boolean {
  switch (event.type) {
    case 'CommentAdded':
      return event.data.public;
    case 'RequesterAwaited':
    case 'TicketHeld':
      return event.data.comment?.public === true;
    default:
      return false;
  }
}

function speakerOf({ actor, onBehalfOf }: NewEvent): Role {
  const standsIn = actor.role === 'integration' || actor.role === 'system';
  return standsIn && onBehalfOf !== undefined ? onBehalfOf.role : actor.role;
}

function isStaff(role: Role): boolean {
  return role === 'agent' || role === 'lead';
}
