/**
 * A scenario as a script for k6: the one tool here with an open model, and so the one that can say all of it.
 * The limits that a KPI or an objective sets are its thresholds.
 */
import type { Scenario } from '../scenario.ts';
import { planOf } from './plan.ts';
import { filledIn } from './template.ts';
import type { ToolFile } from './tool.ts';
import { commented, type FileWords, headLines } from './words.ts';

export function k6Files(scenario: Scenario): readonly ToolFile[] {
  const name = `${scenario.id.toLowerCase()}-k6.js`;
  const plan = `const plan = ${JSON.stringify(planOf(scenario), null, 2)};`;
  const head = commented('//', headLines(scenario, 'k6', wordsFor(scenario, name)));
  const program = filledIn('k6-script.js', 'const plan = {};', plan);
  return [{ name, text: `${head}\n${program}`, executable: false }];
}

function wordsFor({ ladder, kpis, users, stages, protocol }: Scenario, name: string): FileWords {
  return {
    model:
      'open. Requests are due at a constant rate, or a ramp, whatever the server does. Latency is from when' +
      ' a request was sent; one that finds all users busy is dropped, and a run that dropped any has failed.',
    usage: [
      `DOCKET_KEY=… k6 run ${name}`,
      `DOCKET_KEY=… DOCKET_SECONDS=30 k6 run ${name}    as --duration of npm run load`,
    ],
    lacks: [
      'measure from when a request was due: a wait for a free user is a drop, and no latency.',
      ...(protocol === 'http1'
        ? ['keep to HTTP/1.1 where a server offers HTTP/2 over TLS, unless GODEBUG=http2client=0 is set.']
        : []),
      ...(kpis.ticketsPerSecondMin === undefined
        ? []
        : ['judge tickets per second of the measured stages: k6 divides by the time of the whole run.']),
      ...(ladder === undefined
        ? []
        : ['leave out how a step begins; nor go back to the first step once one has missed the objective.']),
      ...(stages.some(({ shape }) => shape === 'burst') && users >= manyUsers
        ? [`do with little memory: each of ${users.toLocaleString('en')} virtual users takes some megabytes.`]
        : []),
    ],
  };
}

const manyUsers = 1_000;
