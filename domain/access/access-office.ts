/** The administration of access over the access book of this process: each principal acts in its own name. */
import type { TicketReader } from '../ports.ts';
import type { AccessBook } from './access-book.ts';
import { type AccessRejection, isRejected, noKey } from './administration.ts';
import type {
  AccessAdministration,
  AccessOffice,
  AccessQuestion,
  Explained,
  ExplainedAs,
  Explainer,
} from './administration-port.ts';
import type { Principal } from './principal.ts';

export interface AccessOfficeParts {
  readonly book: AccessBook;
  readonly explainer: Explainer;
  readonly tickets: TicketReader;
}

export function accessOffice(parts: AccessOfficeParts): AccessOffice {
  const { book } = parts;
  return {
    as: (principal): AccessAdministration => ({
      keys: async () => book.keys(),
      createKey: (grant) => book.createKey(principal.id, grant),
      rotateKey: (keyId, overlapMs) => book.rotateKey(principal.id, keyId, overlapMs),
      revokeKey: (keyId, reason) => book.revokeKey(principal.id, keyId, reason),
      policy: (version) => book.policy(version),
      checkPolicy: async (policy) => book.checkPolicy(policy),
      changePolicy: (policy, options) => book.changePolicy(principal.id, policy, options),
      audit: (after, limit) => book.audit(after, limit),
      explain: (question) => explain(parts, principal, question),
    }),
  };
}

async function explain(
  { book, explainer, tickets }: AccessOfficeParts,
  asking: Principal,
  { operation, ticketId, field, as }: AccessQuestion,
): Promise<Explained | AccessRejection> {
  const principal = as === undefined ? asking : principalAs(book, as);
  if (isRejected(principal)) return principal;
  const ticket = ticketId === undefined ? undefined : await tickets.current(ticketId);
  if (ticketId !== undefined && ticket === undefined) {
    return { status: 'rejected', code: 'ticket_not_found', message: `there is no ticket ${ticketId}` };
  }
  return { status: 'done', explanation: explainer.explain(principal, operation, ticket, field, asking) };
}

function principalAs(book: AccessBook, as: ExplainedAs): Principal | AccessRejection {
  if ('keyId' in as) return book.principalOf(as.keyId) ?? noKey(as.keyId, false);
  return { id: 'explained', ...as, scopes: new Set(), isActive: () => true };
}
