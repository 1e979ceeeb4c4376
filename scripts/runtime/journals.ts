/** Journals of the data folder, or of the database where several servers share one. */
import { openFileJournal } from '../../adapters/journal/file-journal.ts';
import { openPostgresJournal } from '../../adapters/journal/postgres-journal.ts';
import { lockFolder } from '../../adapters/log/segment/lock.ts';
import { type AccessEvent, accessEventSchema } from '../../domain/access/events.ts';
import type { Journal } from '../../domain/ports.ts';
import type { Database } from '../../projections/sql.ts';
import { note } from '../cli/output.ts';
import { accessFolder } from './data-folder.ts';
import { systemClock } from './system.ts';

/** Who may do what. With a database, all servers on it share it; else one process at a time has it. */
export async function openAccessJournal(
  dataDir: string,
  database: Database | undefined,
): Promise<Journal<AccessEvent>> {
  const shared = { schema: accessEventSchema, clock: systemClock };
  if (database !== undefined) {
    const onTrouble = (error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      note(`docket: changes of keys and rules by other servers can not be seen: ${reason}`);
    };
    return openPostgresJournal({ ...shared, database, name: 'access', onTrouble });
  }
  return openFileJournal({
    ...shared,
    folder: accessFolder(dataDir),
    name: 'journal',
    lock: lockFolder,
    onTorn: ({ file, bytes, keptIn }) =>
      note(
        `docket: ${file}: the last write was cut short by a crash; ${bytes} bytes, which nobody was told of, were moved to ${keptIn}`,
      ),
  });
}
