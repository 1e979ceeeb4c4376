/** A scenario as a locustfile: tasks by their weight, users that keep a pace, and a shape for the stages. */
import type { Scenario } from '../scenario.ts';
import { planOf } from './plan.ts';
import { filledIn } from './template.ts';
import type { ToolFile } from './tool.ts';
import { commented, type FileWords, headLines } from './words.ts';

export function locustFiles(scenario: Scenario): readonly ToolFile[] {
  // Locust imports it, so that its name must be one of Python's.
  const name = `${scenario.id.toLowerCase().replaceAll('-', '_')}_locust.py`;
  const head = commented('#', headLines(scenario, 'locust', wordsFor(scenario, name)));
  const program = filledIn('locust-script.py', 'plan = {}', `plan = ${pythonText(planOf(scenario))}`);
  return [{ name, text: `${head}\n${program}`, executable: false }];
}

function wordsFor({ kpis, stages }: Scenario, name: string): FileWords {
  return {
    model:
      'closed. Each user asks again only once it was answered: the rate is "at most" that of the scenario,' +
      ' and while the server is slow less is asked, which hides what others would have felt (coordinated' +
      ' omission). Its percentiles are lower bounds.',
    usage: [
      `DOCKET_KEY=… locust -f ${name} --headless --csv out`,
      `DOCKET_KEY=… DOCKET_SECONDS=30 locust -f ${name} --headless    as --duration of npm run load`,
    ],
    lacks: [
      'offer a rate that the server does not keep up with, nor tell that it did not.',
      'ask for an exact number of requests: a stage is over when its time is.',
      'use more than one core in one process; --processes -1 starts more, each with tickets of its own.',
      ...(stages.some(({ shape }) => shape === 'burst')
        ? ['be sudden: users start within a second, and share what a burst asks for evenly.']
        : []),
      ...(kpis.throttling === undefined ? [] : ['judge how close what was let in is to the allowed rate.']),
    ],
  };
}

/** JSON as Python has it. A string of JSON is one of Python's too, escapes included. */
function pythonText(value: unknown, indent = ''): string {
  const deeper = `${indent}    `;
  const lines = (open: string, items: readonly string[], close: string) =>
    items.length === 0
      ? open + close
      : `${open}\n${items.map((item) => `${deeper}${item},\n`).join('')}${indent}${close}`;
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (Array.isArray(value)) {
    return lines(
      '[',
      value.map((item) => pythonText(item, deeper)),
      ']',
    );
  }
  if (typeof value !== 'object' || value === null) return value === null ? 'None' : JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  const texts = members.map(([name, member]) => `${JSON.stringify(name)}: ${pythonText(member, deeper)}`);
  return lines('{', texts, '}');
}
