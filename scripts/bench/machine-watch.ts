/**
 * What else the machine did while benchmarks ran: CPU time of others, time that a host took away, and jumps
 * of the clock. Where there is no /proc the answer is `undefined`, never a guess.
 */
import { readFileSync } from 'node:fs';
import { treeCpuSeconds } from './process-cpu.ts';
import type { CpuShares } from './result.ts';

/** Of a second; what Linux counts the times in /proc in. */
const tickSeconds = 1 / 100;

/** Seconds of all cores together since the machine began. */
export interface MachineTimes {
  readonly busy: number;
  readonly idle: number;
  readonly stolen: number;
}

interface Look {
  readonly machine: MachineTimes;
  readonly own: number;
}

export class MachineWatch {
  readonly #mark: string;
  #last: Look | undefined;
  readonly #wallMs = Date.now();
  readonly #steadyMs = performance.now();

  /** Processes that have `mark` on their command line are counted as our own, whoever their parent is. */
  constructor(mark: string) {
    this.#mark = mark;
    this.#last = this.#look();
  }

  /** Shares since the last call, or since the watch was made. */
  lap(): CpuShares | undefined {
    const before = this.#last;
    const after = this.#look();
    this.#last = after;
    return before === undefined || after === undefined ? undefined : sharesBetween(before, after);
  }

  /** By how far the clock of the wall and the steady one have come apart, in milliseconds. */
  clockJumpMs(): number {
    return Math.abs(Date.now() - this.#wallMs - (performance.now() - this.#steadyMs));
  }

  #look(): Look | undefined {
    try {
      const machine = readMachineTimes(readFileSync('/proc/stat', 'latin1'));
      const own = treeCpuSeconds(process.pid, this.#mark);
      return machine === undefined || own === undefined ? undefined : { machine, own };
    } catch {
      return undefined;
    }
  }
}

/** From the text of /proc/stat (proc_stat(5)); guests are part of user time already. */
export function readMachineTimes(text: string): MachineTimes | undefined {
  const line = /^cpu +(.*)$/m.exec(text)?.[1];
  if (line === undefined) return undefined;
  const [user = 0, nice = 0, system = 0, idle = 0, waiting = 0, hard = 0, soft = 0, stolen = 0] = line
    .split(' ')
    .map((ticks) => Number(ticks) * tickSeconds);
  return { busy: user + nice + system + hard + soft, idle: idle + waiting, stolen };
}

export function sharesBetween(before: Look, after: Look): CpuShares | undefined {
  const busy = after.machine.busy - before.machine.busy;
  const stolen = after.machine.stolen - before.machine.stolen;
  const all = busy + stolen + after.machine.idle - before.machine.idle;
  if (all <= 0) return undefined;
  // Both are counted in ticks, and not at the same instant.
  const own = Math.min(busy, Math.max(0, after.own - before.own));
  return { own: own / all, foreign: (busy - own) / all, stolen: Math.max(0, stolen) / all };
}
