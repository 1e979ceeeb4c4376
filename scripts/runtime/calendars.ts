/**
 * The business calendars of a data folder, from its file `calendars.json`. Whoever keeps read models needs
 * them; without the file every hour counts.
 */
import { readFile } from 'node:fs/promises';
import { Fault } from '../../domain/errors.ts';
import { calendarsOf } from '../../domain/metrics/calendar-settings.ts';
import { type Calendars, everyHourCounts } from '../../domain/metrics/calendars.ts';
import { calendarsFile } from './data-folder.ts';

/**
 * Throws `Fault('input_unreadable')` that names the file, for one that is no JSON or holds other things than
 * calendars.
 */
export async function loadCalendars(dataDir: string): Promise<Calendars> {
  const file = calendarsFile(dataDir);
  const text = await readIfThere(file);
  if (text === undefined) return everyHourCounts;
  try {
    return calendarsOf(JSON.parse(text));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Fault('input_unreadable', `${file}: ${why}`, { cause });
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Fault('input_unreadable', `${file} can not be read: ${why}`, { cause });
  }
}
