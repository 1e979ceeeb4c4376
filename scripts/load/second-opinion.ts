/**
 * Whether the capacity that a ladder found is confirmed by another tool: wrk or ab in a closed loop over as
 * many connections, with the same mix, on the same servers right after the ladder, counted in the log. It is
 * asked only where somebody wants to know, because it takes as long as two steps.
 */
import { agreement, agreementShareMax } from './agreement.ts';
import type { Place } from './place.ts';
import type { Kpi } from './result.ts';
import type { Scenario } from './scenario.ts';
import { type ClosedLoopMaximum, closedLoopMaximum } from './second-method.ts';

interface Asked {
  readonly secondMethod: boolean;
  readonly seed: number;
  readonly progress: { note(line: string): void };
}

export class SecondOpinion {
  readonly #scenario: Scenario;
  readonly #asked: Asked;
  #found: ClosedLoopMaximum | undefined;

  constructor(scenario: Scenario, asked: Asked) {
    this.#scenario = scenario;
    this.#asked = asked;
  }

  /** Throws `Fault` where neither tool is there, or the mix can not be asked in a closed loop. */
  async ask({ targets: [target] }: Place): Promise<void> {
    const { ladder, users, mix } = this.#scenario;
    const { secondMethod, seed, progress } = this.#asked;
    if (!secondMethod || ladder === undefined || target === undefined) return;
    progress.note('asking a second tool, in a closed loop');
    const { url, key } = target;
    const order = { url, key, connections: users, seconds: 2 * ladder.secondsEach, mix, seed };
    this.#found = await closedLoopMaximum(order);
  }

  /** None where nobody asked. `capacity` is the ladder's, in requests per second. */
  kpis(capacity: number | undefined): readonly Kpi[] {
    const found = this.#found;
    if (found === undefined) return [];
    const { tool, perSecond, countedInLog, failed } = found;
    const compared = capacity === undefined ? undefined : agreement(capacity, perSecond);
    return [
      {
        name: 'second method',
        limit: `within ${100 * agreementShareMax} % of what ${tool} reaches in a closed loop`,
        measured: compared?.words ?? 'the ladder found no capacity',
        verdict: compared?.agrees === true ? 'met' : 'missed',
        note:
          `the log counted ${countedInLog.toFixed(0)} transitions/s meanwhile;` +
          ` ${failed.toLocaleString('en')} requests of ${tool} did not succeed`,
      },
    ];
  }
}
