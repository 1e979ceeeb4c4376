/**
 * What processes of this machine use, from /proc: CPU time, memory, children. Where there is no /proc, or a
 * process has ended meanwhile, the answer is `undefined`, never a guess.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';

/** Of a second; what Linux counts the times in /proc in. */
const tickSeconds = 1 / 100;
const pageBytes = 4_096;
const kibibyte = 1_024;

export const cores = availableParallelism();

/** CPU seconds of a process and of those of its children that have ended and been waited for. */
export interface CpuTime {
  readonly own: number;
  readonly ended: number;
}

export function cpuTimeOf(pid: number): CpuTime | undefined {
  const text = textOf(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The name in brackets may hold spaces; fields are counted after it, from the third on.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const at = (field: number) => (fields[field - 3] ?? 0) * tickSeconds;
  return { own: at(14) + at(15), ended: at(16) + at(17) };
}

/** Direct children that live. */
export function childrenOf(pid: number): readonly number[] {
  const text = textOf(`/proc/${pid}/task/${pid}/children`) ?? '';
  return text.split(' ').filter(Boolean).map(Number);
}

/** The words of the command line that a process was started with. */
export function commandLineOf(pid: number): readonly string[] {
  return (textOf(`/proc/${pid}/cmdline`) ?? '').split('\0');
}

/** Resident bytes, shared pages in full. */
export function residentBytesOf(pid: number): number | undefined {
  const [, pages] = textOf(`/proc/${pid}/statm`)?.split(' ') ?? [];
  return pages === undefined ? undefined : Number(pages) * pageBytes;
}

/** Resident bytes, of pages that several processes share only this one's part. Takes milliseconds. */
export function proportionalBytesOf(pid: number): number | undefined {
  const [, kibibytes] = /^Pss:\s+(\d+) kB$/m.exec(textOf(`/proc/${pid}/smaps_rollup`) ?? '') ?? [];
  return kibibytes === undefined ? undefined : Number(kibibytes) * kibibyte;
}

/** CPU seconds of all cores together that were not idle, since the machine started. */
export function machineBusySeconds(): number | undefined {
  const [line = ''] = textOf('/proc/stat')?.split('\n', 1) ?? [];
  const [, ...ticks] = line.split(/ +/).map(Number);
  // user, nice, system, idle, iowait, irq, softirq, steal; guests are in user already.
  const busy = [0, 1, 2, 5, 6, 7].reduce((sum, index) => sum + (ticks[index] ?? 0), 0);
  return line === '' ? undefined : busy * tickSeconds;
}

/** Bytes that processes here may use: what a control group allows, or the machine's memory. */
export function memoryAllocation(): { readonly bytes: number; readonly of: string } {
  const limit = Number(textOf('/sys/fs/cgroup/memory.max')?.trim());
  const machine = totalmem();
  return limit > 0 && limit < machine
    ? { bytes: limit, of: 'the limit of the control group' }
    : { bytes: machine, of: 'the memory of the machine' };
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
