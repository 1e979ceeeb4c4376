/**
 * Puts the generator before others on a machine that it shares with the server. Linux shares cores among
 * sessions (autogroup, `man 7 sched`), and each of PostgreSQL's backends is a session: among some twenty of
 * them the generator would get its turn too late once the cores are full, and its lateness would be taken for
 * the server's limit. It must never outlast the run: whoever else works in this session would keep it.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const groupFile = '/proc/self/autogroup';
const enabledFile = '/proc/sys/kernel/sched_autogroup_enabled';
/** About nine times the share of a group at 0, when both want all of a core. */
const nice = -10;

export interface Priority extends Disposable {
  /** Whether it was to be had, for the conditions of a run. */
  readonly words: string;
}

/** Ends with its disposal, or with the process. Where the system does not allow it nothing is changed. */
export function beforeOthers(): Priority {
  const before = groupNice();
  if (before === undefined) return ordinary('the system knows no autogroups');
  try {
    writeFileSync(groupFile, `${nice}`);
  } catch {
    return ordinary('only root, or who has CAP_SYS_NICE, may be before others');
  }
  const restore = () => {
    process.off('exit', restore);
    writeFileSync(groupFile, `${before}`);
  };
  process.once('exit', restore);
  return { words: `before other sessions (autogroup nice ${nice})`, [Symbol.dispose]: restore };
}

function ordinary(why: string): Priority {
  return { words: `at ordinary priority: ${why}`, [Symbol.dispose]: () => undefined };
}

/** Of the session that this process is in; undefined where sessions are not told apart. */
function groupNice(): number | undefined {
  try {
    if (readFileSync(enabledFile, 'utf8').trim() !== '1') return undefined;
    const [, found] = / nice (-?\d+)/.exec(readFileSync(groupFile, 'utf8')) ?? [];
    return found === undefined ? undefined : Number(found);
  } catch {
    return undefined;
  }
}
