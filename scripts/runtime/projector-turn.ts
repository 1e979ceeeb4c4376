/**
 * Whose turn it is to project. Several servers on one log in PostgreSQL have a projector each, and a
 * projector that starts fences the one before it, so they would go on fencing each other. Here one of them
 * has the turn, a lock of its session, and the others wait until it is given up or its holder is gone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../domain/errors.ts';
import type { Database } from '../../projections/sql.ts';

/** Any number does, as long as nothing else in the database locks it: the letters of "turn". */
const turnLockKey = 0x7475726e;
/** How often who waits looks whether the turn is free. */
const lookAgainMs = 1_000;

export interface Turn {
  /** Aborted, with a Fault, when the connection that has the turn is lost. */
  readonly lost: AbortSignal;
  giveUp(): Promise<void>;
}

/** Undefined where the signal came first. `onWait` is called once where somebody else has the turn. */
export async function waitForTurn(
  database: Database,
  signal: AbortSignal,
  onWait: () => void,
): Promise<Turn | undefined> {
  const session = await database.session();
  const lost = new AbortController();
  void session.ended.then(() => {
    lost.abort(new Fault('database_unavailable', "the connection that held the projector's turn was lost"));
  });
  for (let looks = 0; !signal.aborted; looks += 1) {
    const [row] = await session.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [
      turnLockKey,
    ]);
    if (row?.locked === true) return { lost: lost.signal, giveUp: () => session.close() };
    if (looks === 0) onWait();
    await sleep(lookAgainMs, undefined, { signal }).catch(() => undefined);
  }
  await session.close();
  return undefined;
}
