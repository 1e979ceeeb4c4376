/**
 * Who may do what, put together: journal, registry, keys, tokens and rules. Whoever opens it has the journal
 * of the data folder for itself until it is closed.
 */
import { ApiKeys } from '../../adapters/identity/api-keys.ts';
import { authenticator } from '../../adapters/identity/authenticator.ts';
import { mintKey } from '../../adapters/identity/key-text.ts';
import { type AccessBook, openAccessBook } from '../../domain/access/access-book.ts';
import { accessOffice } from '../../domain/access/access-office.ts';
import type { AccessOffice } from '../../domain/access/administration-port.ts';
import type { Access } from '../../domain/access/guard.ts';
import type { Authenticator } from '../../domain/access/principal.ts';
import type { TicketReader } from '../../domain/ports.ts';
import type { Workflows } from '../../domain/workflow/registry.ts';
import type { Database } from '../../projections/sql.ts';
import { openAccessRules } from './access-rules.ts';
import { ensureAdminKey } from './admin-key.ts';
import { loadTokens } from './identity-settings.ts';
import { openAccessJournal } from './journals.ts';
import { systemClock } from './system.ts';

export interface OpenAccess {
  readonly authenticator: Authenticator;
  readonly access: Access;
  readonly office: AccessOffice;
  readonly book: AccessBook;
  /** Whether the admin key was made now. */
  readonly isNew: boolean;
  close(): Promise<void>;
}

export interface AccessOptions {
  readonly dataDir: string;
  /** Where servers share their log in a database, they share keys and rules there too. */
  readonly database: Database | undefined;
  readonly tickets: TicketReader;
  readonly workflows: Workflows;
}

/**
 * Throws `Fault`: `log_locked` (another process has it), `file_exposed`, `journal_damaged`,
 * `input_unreadable`.
 */
export async function openAccess({
  dataDir,
  database,
  tickets,
  workflows,
}: AccessOptions): Promise<OpenAccess> {
  const tokens = await loadTokens(dataDir);
  const { access, rules, explainer } = openAccessRules(workflows);
  const journal = await openAccessJournal(dataDir, database);
  try {
    const book = await openAccessBook({ journal, clock: systemClock, mint: mintKey, rules });
    const isNew = await ensureAdminKey(book, dataDir);
    return {
      authenticator: authenticator(new ApiKeys(book.registry, systemClock), tokens),
      access,
      office: accessOffice({ book, explainer, tickets }),
      book,
      isNew,
      close: () => journal.close(),
    };
  } catch (error) {
    await journal.close();
    throw error;
  }
}
