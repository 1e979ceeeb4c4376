/** Short stories for tests of events: tickets that are opened and commented on, and callers who see less. */
import type { Access, Guard, TicketView } from '../../../../domain/access/guard.ts';
import { nobody } from '../../../../domain/access/nobody.ts';
import type { Authenticator, Principal } from '../../../../domain/access/principal.ts';
import { trustedPrincipal, unrestrictedAccess } from '../../../../domain/access/unrestricted.ts';
import type { RecordedEvent } from '../../../../domain/ticket/events.ts';
import { actor } from '../../../support/tickets.ts';
import type { Harness } from '../harness.ts';

const by = { actor: actor('agent') };

export async function openTicket(
  { engine }: Harness,
  ticketId: string,
  { fields = {}, source }: { fields?: Record<string, string>; source?: string } = {},
): Promise<void> {
  const [outcome] = await engine.submit([
    { type: 'OpenTicket', ticketId, ...by, data: { fields }, ...(source === undefined ? {} : { source }) },
  ]);
  if (outcome?.status !== 'accepted')
    throw new Error(`${ticketId} was not opened: ${JSON.stringify(outcome)}`);
}

/** `count` comments, each one event. */
export async function comment(
  { engine }: Harness,
  ticketId: string,
  count: number,
  body = 'something was said',
): Promise<void> {
  const one = { type: 'AddComment', ticketId, ...by, data: { body, public: true } } as const;
  const outcomes = await engine.submit(Array.from({ length: count }, () => one));
  if (outcomes.some(({ status }) => status !== 'accepted')) throw new Error('a comment was not accepted');
}

/** A credential that can be taken away. */
export function revocable(): { authenticator: Authenticator; revoke(): void } {
  let active = true;
  const principal: Principal = { ...trustedPrincipal('revocable'), isActive: () => active };
  return {
    authenticator: { authenticate: () => principal },
    revoke: () => {
      active = false;
    },
  };
}

/** What those behind `hidingAccess` never see. */
export const canary = 'canary-7f3a';

const partly: TicketView = { complete: false, shows: (field) => field !== 'secret' };

/** Hides the field `secret`, and tickets that have a field `sealed` now altogether. */
export const hidingAccess: Access = {
  guardOf: (principal): Guard => ({
    ...unrestrictedAccess.guardOf(principal),
    readsAll: false,
    view: ({ fields }) => (fields.sealed === undefined ? partly : undefined),
    redact: withoutSecret,
    refuse: nobody.guard.refuse,
  }),
};

function withoutSecret(event: RecordedEvent): RecordedEvent {
  if (event.type === 'FieldsChanged') {
    const { secret: _hidden, ...fields } = event.data.fields;
    return { ...event, data: { fields } };
  }
  if (event.type === 'TicketOpened') {
    const { secret: _hidden, ...fields } = event.data.fields ?? {};
    return { ...event, data: { ...event.data, fields } };
  }
  return event;
}
