/**
 * Real keys, rules and letters for a fuzzed server. Letters are of a desk with a log of its own: what a
 * replay writes is no event that an answer about tickets claims.
 */
import { randomUUID } from 'node:crypto';
import { mintKey } from '../../adapters/identity/key-text.ts';
import { openFileJournal } from '../../adapters/journal/file-journal.ts';
import { lockFolder } from '../../adapters/log/segment/lock.ts';
import { LetterOffice } from '../../adapters/webhooks/office.ts';
import { openAccessBook } from '../../domain/access/access-book.ts';
import { accessOffice } from '../../domain/access/access-office.ts';
import { accessEventSchema } from '../../domain/access/events.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import { openAccessRules } from '../../scripts/runtime/access-rules.ts';
import { temporaryFolder } from '../adapters/log/folders.ts';
import { builtInSources, openDesk } from '../adapters/webhooks/desk.ts';
import { HandClock } from '../support/engine.ts';

const letters = 400;

export async function realOffices() {
  const clock = new HandClock();
  const folder = `${await temporaryFolder()}/access`;
  const schema = accessEventSchema;
  const journal = await openFileJournal({ folder, name: 'journal', schema, clock, lock: lockFolder });
  const { rules, explainer } = openAccessRules(builtInWorkflows);
  const book = await openAccessBook({ journal, clock, mint: mintKey, rules });
  const desk = await openDesk();
  for (let id = 1; id <= letters; id += 1) {
    await desk.send('servicenow', { id: randomUUID(), at: 'never', ticket: { id: String(id) } });
  }
  const { intake } = desk;
  return {
    /** One that is there, until it is dropped. */
    letterIds: desk.letters.all().map(({ id }) => id),
    context: {
      accessOffice: accessOffice({ book, explainer, tickets: { current: async () => undefined } }),
      webhooks: new LetterOffice({ intake, letters: desk.letters, sources: await builtInSources(), clock }),
    },
    close: () => journal.close(),
  };
}
