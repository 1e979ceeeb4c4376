/**
 * Whether a run can be believed, and what else must be known about it. Each threshold stands here with its
 * reason. It judges the circumstances, never whether a figure is good.
 */
import type { BenchResult, BenchSection, BenchValidity } from './result.ts';

export const validityLimits = {
  /**
   * Of all cores. The kernel's own work for our disk and sockets is in it, 3 to 8 % here; beyond this others
   * had nearly half of one of two cores, and took turns with what was measured.
   */
  foreignShareMax: 0.2,
  /** What the host takes away comes in slices of milliseconds, which end in every p99. */
  stolenShareMax: 0.05,
  /** Time services slew by less than 1 ms a second; a jump means that the machine stood still or was set. */
  clockJumpMsMax: 1_000,
  /** Processes that wanted to run, for each core, in the minute before: somebody was at work already. */
  loadPerCoreMax: 0.5,
} as const;

/**
 * Microseconds of a bare write with fdatasync. A flash disk that keeps its promise without protected memory
 * takes some hundreds; 100 and less means protected memory, or a virtual disk that does not flush.
 */
export const flushMicrosecondsMin = 100;

export interface Circumstances {
  readonly quick: boolean;
  readonly cores: number;
  readonly loadBefore: BenchResult['loadBefore'];
  readonly fdatasyncMicroseconds: number;
  readonly clockJumpMs: number;
  readonly sections: readonly BenchSection[];
}

export function judgeRun(circumstances: Circumstances): BenchValidity {
  const { foreignShareMax, stolenShareMax, clockJumpMsMax } = validityLimits;
  const { sections, clockJumpMs, cores } = circumstances;
  const reasons: string[] = [];
  for (const { name, cpu } of sections) {
    if (cpu === undefined) continue;
    if (cpu.foreign > foreignShareMax) {
      reasons.push(
        `${name}: others used ${percent(cpu.foreign)} of the ${cores} cores (${limit(foreignShareMax)})`,
      );
    }
    if (cpu.stolen > stolenShareMax) {
      reasons.push(
        `${name}: the host took away ${percent(cpu.stolen)} of the cores (${limit(stolenShareMax)})`,
      );
    }
  }
  if (clockJumpMs > clockJumpMsMax) {
    reasons.push(`the clock jumped by ${Math.round(clockJumpMs)} ms (at most ${clockJumpMsMax} ms)`);
  }
  return { valid: reasons.length === 0, reasons, remarks: remarksOn(circumstances) };
}

function remarksOn(circumstances: Circumstances): string[] {
  const { quick, cores, loadBefore, fdatasyncMicroseconds, sections } = circumstances;
  const remarks: string[] = [];
  if (quick) remarks.push('a quick run: it shows that everything works, and is compared with nothing');
  if (loadBefore[0] > validityLimits.loadPerCoreMax * cores) {
    remarks.push(`the machine was busy before: load ${loadBefore[0].toFixed(2)} on ${cores} cores`);
  }
  if (fdatasyncMicroseconds < flushMicrosecondsMin) {
    const took = `${Math.round(fdatasyncMicroseconds)} µs`;
    remarks.push(
      `a bare write with fdatasync took ${took}: the disk has protected memory, or does not flush`,
    );
  }
  if (sections.some(({ cpu }) => cpu === undefined)) {
    remarks.push('what else the machine did is not known on this system');
  }
  const noisy = sections.flatMap(({ figures }) => figures.filter((figure) => figure.noisy));
  if (noisy.length > 0) {
    remarks.push(`rounds far apart, so little is known of: ${noisy.map(({ id }) => id).join(', ')}`);
  }
  return remarks;
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
const limit = (share: number): string => `at most ${percent(share)}`;
