/**
 * Who a process is, beyond its number: numbers are given out again, so that a signal sent to a remembered
 * one could hit a stranger. A number together with the start time of the process is never reused.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** When the process started, in the system's own words; only ever compared. */
  readonly startedAt: string;
}

/** The identity of a process that runs now; undefined when there is none, or only its unclaimed exit code. */
export function identify(pid: number): ProcessIdentity | undefined {
  const startedAt = process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startedAt === identity.startedAt;
}

/** This process itself. */
export function ownIdentity(): ProcessIdentity {
  const own = identify(process.pid);
  if (own === undefined) throw new TypeError('The start time of this process can not be read.');
  return own;
}

/** proc(5): the fields after the command name, which stands in parentheses and may hold anything. */
function startOnLinux(pid: number): string | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  if (state === 'Z' || state === 'X' || startTicks === undefined) return undefined;
  // Ticks count from the boot, so that they would mean another moment after the next one.
  return `${startTicks}@${bootId()}`;
}

let rememberedBootId: string | undefined;

function bootId(): string {
  rememberedBootId ??= (readIfThere('/proc/sys/kernel/random/boot_id') ?? '').trim();
  return rememberedBootId;
}

function startByPs(pid: number): string | undefined {
  const shown = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return shown.stdout?.trim() || undefined;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
