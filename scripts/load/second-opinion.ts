/**
 * Whether the capacity that a ladder found is confirmed by another tool: wrk or ab in a closed loop over as
 * many connections, with the same mix on the same tickets, on the same servers, counted in the log. It runs
 * before the ladder, between its refinements and after it, so that it sees the machine as the steps that
 * decide see it. It is asked only where somebody wants to know, because each run takes as long as a step.
 */
import { agreement, agreementShareMax } from './agreement.ts';
import type { BesideSteps } from './beside-steps.ts';
import type { CapacityAnalysis, ClosedLoopRun, Kpi, SecondMethod } from './result.ts';
import type { Scenario } from './scenario.ts';
import { closedLoopMaximum, type Tool } from './second-method.ts';

interface Asked {
  readonly secondMethod: boolean;
  readonly seed: number;
  readonly progress: { note(line: string): void };
}

/** Of each run, at most; a step shorter than this is warmed up for half of its time. */
const warmSecondsMax = 2;

export class SecondOpinion {
  readonly #scenario: Scenario;
  readonly #asked: Asked;
  readonly #whyNot: string | undefined;
  readonly #runs: ClosedLoopRun[] = [];
  #tool: Tool | undefined;

  constructor(scenario: Scenario, asked: Asked) {
    this.#scenario = scenario;
    this.#asked = asked;
    this.#whyNot = reasonNotToAsk(scenario);
  }

  get isWanted(): boolean {
    return this.#asked.secondMethod && this.#whyNot === undefined;
  }

  /** Throws `Fault` where neither tool is there, or the server does not answer. */
  async ask({ place, tickets, when, runStartedAtMs }: BesideSteps): Promise<void> {
    const { ladder, users, mix } = this.#scenario;
    const [target] = place.targets;
    if (!this.isWanted || ladder === undefined || target === undefined) return;
    const { seed, progress } = this.#asked;
    const { url, key } = target;
    const seconds = ladder.secondsEach;
    const warmSeconds = Math.min(warmSecondsMax, seconds / 2);
    const order = { url, key, connections: users, seconds, warmSeconds, mix, seed, tickets };
    const { tool, startedAtMs, ...found } = await closedLoopMaximum(order);
    this.#tool = tool;
    this.#runs.push({ when, fromSecond: (startedAtMs - runStartedAtMs) / 1_000, ...found });
    progress.note(
      `  ${tool} in a closed loop, ${when}: ${found.perSecond.toFixed(1)}/s answered,` +
        ` ${found.countedInLog.toFixed(1)}/s counted in the log`,
    );
  }

  /** Undefined where nobody asked. `capacity` is that of answers, whether or not read models kept up. */
  result(capacity: CapacityAnalysis | undefined): SecondMethod | undefined {
    if (!this.#asked.secondMethod) return undefined;
    const runs = this.#runs;
    const compared = agreement(capacity, runs);
    const words = this.#whyNot === undefined ? compared.words : `it was not asked: ${this.#whyNot}`;
    return { tool: this.#tool, connections: this.#scenario.users, runs, ...compared, words };
  }
}

/** What a closed loop of one tool on one server can not tell; undefined where it can be asked. */
function reasonNotToAsk({ ladder, sweep, server, protocol, mix }: Scenario): string | undefined {
  if (ladder === undefined) return 'the scenario has no ladder whose capacity it could confirm';
  if (sweep !== undefined) return 'a sweep has a capacity for each of its values';
  if (server.servers > 1) return 'it asks one server, and here are several';
  if (protocol !== 'http1') return 'wrk and ab speak HTTP/1.1';
  const stateful = mix.find(({ action }) => action === 'advance' || action === 'classify');
  if (stateful !== undefined) return `'${stateful.action}' depends on the answers before`;
  return undefined;
}

/** None where nobody asked. */
export function secondMethodKpis(second: SecondMethod | undefined): readonly Kpi[] {
  if (second === undefined) return [];
  const { tool = 'wrk or ab', runs, verdict, words } = second;
  const each = runs.map(({ perSecond }) => perSecond.toFixed(0)).join(', ');
  const counted = runs.map(({ countedInLog }) => countedInLog.toFixed(0)).join(', ');
  const failed = runs.reduce((sum, run) => sum + run.failed, 0);
  return [
    {
      name: 'second method',
      limit: `within ${100 * agreementShareMax} % of what ${tool} reaches in a closed loop`,
      measured: words,
      verdict,
      note:
        runs.length === 0
          ? undefined
          : `compared by what was answered, read models aside; runs: ${each}/s; the log counted ${counted} transitions/s meanwhile;` +
            ` ${failed.toLocaleString('en')} requests of ${tool} did not succeed`,
    },
  ];
}
