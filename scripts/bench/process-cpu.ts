/**
 * CPU time of other processes from /proc, to tell work from waiting. Where there is no /proc the answer is
 * `undefined`, never a guess.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Of a second; what Linux counts the times in /proc in. */
const tickSeconds = 1 / 100;

interface Stat {
  readonly parent: number;
  readonly seconds: number;
  /** Of children that have ended. */
  readonly endedSeconds: number;
}

/** CPU seconds of a process, of its children, and of children that have ended. */
export function familyCpuSeconds(pid: number): number | undefined {
  const own = statOf(pid);
  if (own === undefined) return undefined;
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statOf(Number(name)))
    .filter((stat) => stat?.parent === pid);
  return children.reduce((sum, stat) => sum + (stat?.seconds ?? 0), own.seconds + own.endedSeconds);
}

/**
 * CPU seconds of a process and of all that descend from it, those that have ended included; and the same for
 * processes with `mark` on their command line, such as a database that has left its parent.
 */
export function treeCpuSeconds(pid: number, mark: string): number | undefined {
  if (statOf(pid) === undefined) return undefined;
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const stats = new Map(pids.map((name) => [Number(name), statOf(Number(name))]));
  const ours = new Set([pid, ...pids.map(Number).filter((other) => commandLineOf(other).includes(mark))]);
  for (let grown = 0; grown !== ours.size; ) {
    grown = ours.size;
    for (const [other, stat] of stats) if (stat !== undefined && ours.has(stat.parent)) ours.add(other);
  }
  return [...ours].reduce((sum, each) => {
    const stat = stats.get(each);
    return sum + (stat?.seconds ?? 0) + (stat?.endedSeconds ?? 0);
  }, 0);
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

/** CPU seconds of a process alone; `undefined` once it has ended. */
export function ownCpuSeconds(pid: number): number | undefined {
  return statOf(pid)?.seconds;
}

function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in brackets may hold spaces; fields are counted after it, from the third on.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const at = (field: number) => fields[field - 3] ?? 0;
    return {
      parent: at(4),
      seconds: (at(14) + at(15)) * tickSeconds,
      endedSeconds: (at(16) + at(17)) * tickSeconds,
    };
  } catch {
    return undefined;
  }
}

/** The most resident memory that a process has had; `undefined` where the system does not tell. */
export function ownPeakBytes(pid: number): number | undefined {
  try {
    const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}
