/**
 * A scenario as a test plan for JMeter (2.13 and 5), and a shell script that gives it address, key and times.
 * The key goes through a file that only its owner can read, because others can see a process's arguments.
 */
import type { Outgoing } from '../generator/transport.ts';
import type { Scenario } from '../scenario.ts';
import {
  type Branch,
  eventsTaken,
  headers,
  inShareOfRounds,
  inTurn,
  literal,
  paced,
  sampler,
  statusExpected,
  testPlan,
  threadGroup,
  ticketTaken,
  ticketThere,
  untilTicketThere,
} from './jmeter-elements.ts';
import { jmeterScript } from './jmeter-script.ts';
import { planOf, type ToolPlan, type ToolStage } from './plan.ts';
import { ticketPlaceholder } from './samples.ts';
import type { ToolFile } from './tool.ts';
import { commented, type FileWords, headLines } from './words.ts';
import { xmlText } from './xml.ts';

/** A ramp is climbed in so many steps, each with a rate of its own; none is shorter than a second. */
const rampStepsMax = 10;
/** Threads beyond what the rate needs, if each is kept so long, would only wait. */
const secondsEachThread = 2;

export function jmeterFiles(scenario: Scenario): readonly ToolFile[] {
  const id = scenario.id.toLowerCase();
  const plan = planOf(scenario);
  const stages = plan.stages.flatMap(steppedStages);
  const head = headLines(scenario, 'jmeter', wordsFor(scenario, id));
  const groups = stages.map((stage, index) => groupOf(plan, stage, index + 1));
  const name = `${scenario.id} ${stages.length === 1 ? 'in one stage' : `in ${stages.length} stages`}`;
  const text = xmlText(testPlan(name, literal(head.join('\n')), variablesOf(plan), groups));
  const script = jmeterScript({ id, head: commented('#', head), plan, stages });
  return [
    { name: `${id}.jmx`, text, executable: false },
    { name: `${id}-jmeter.sh`, text: script, executable: true },
  ];
}

function wordsFor({ mix, ticketsBefore, stages }: Scenario, id: string): FileWords {
  const actions = new Set(mix.map(({ action }) => action));
  const asksAbout = actions.has('comment') || actions.has('read') || actions.has('history');
  return {
    model:
      'closed. Each thread asks again only once it was answered: the rate is "at most" that of the scenario,' +
      ' and while the server is slow less is asked, which hides what others would have felt (coordinated' +
      ' omission). Its percentiles are lower bounds.',
    usage: [
      `DOCKET_KEY=… ./${id}-jmeter.sh`,
      `DOCKET_KEY=… DOCKET_SECONDS=30 ./${id}-jmeter.sh    as --duration of npm run load`,
    ],
    lacks: [
      'offer a rate that the server does not keep up with, nor tell that it did not.',
      'ask for an exact number of requests: a stage is over when its time is, in whole seconds.',
      'judge the KPIs: the script fails on errors only, percentiles are in its listeners and reports.',
      ...(ticketsBefore > 0
        ? [`open ${ticketsBefore.toLocaleString('en')} tickets before: each thread asks about its own.`]
        : []),
      ...(asksAbout ? ['start without: each thread opens a ticket first, in every stage.'] : []),
      ...(actions.has('advance') ? ['mend a ticket whose step failed: its later steps fail too.'] : []),
      ...(stages.some(({ shape }) => shape === 'ramp')
        ? [`climb evenly: a ramp has ${rampStepsMax} steps at most.`]
        : []),
      ...(stages.some(({ shape }) => shape === 'burst')
        ? ['be sudden: what a burst asks for is spread over its time, of at least a second.']
        : []),
    ],
  };
}

function steppedStages(stage: ToolStage): readonly ToolStage[] {
  const { fromPerSecond, toPerSecond } = stage;
  if (fromPerSecond === toPerSecond) return [stage];
  const rampSteps = Math.max(1, Math.min(rampStepsMax, Math.floor(stage.seconds)));
  return Array.from({ length: rampSteps }, (_, step) => {
    const perSecond = fromPerSecond + ((toPerSecond - fromPerSecond) * (step + 0.5)) / rampSteps;
    const rates = { fromPerSecond: perSecond, toPerSecond: perSecond };
    return { ...stage, ...rates, seconds: stage.seconds / rampSteps, name: `${stage.name} ${step + 1}` };
  });
}

function groupOf(plan: ToolPlan, stage: ToolStage, number: number): Branch {
  const { users, fromPerSecond, seconds } = stage;
  const threads = Math.max(1, Math.min(users, Math.ceil(fromPerSecond * secondsEachThread)));
  const wholeSeconds = Math.max(1, Math.round(seconds));
  const perMinute = fromPerSecond * 60;
  return threadGroup(
    `${number} ${plainWords(stage.name)}`,
    { threads, seconds: propertyOf(`docket.stage.${number}.seconds`, String(wholeSeconds)) },
    [
      headers([
        ['Authorization', `Bearer ${propertyOf('docket.key', '')}`],
        ['Content-Type', 'application/json'],
      ]),
      statusExpected(plan.alsoExpected),
      eventsTaken(),
      paced(propertyOf(`docket.stage.${number}.perMinute`, String(perMinute))),
      ...askedFor(plan),
    ],
  );
}

/**
 * Steps need a ticket that nobody else moves on: each thread opens one for them every time. These are among
 * what the mix opens anyway, as far as it opens enough.
 */
function askedFor(plan: ToolPlan): readonly Branch[] {
  const sum = plan.mix.reduce((total, { weight }) => total + weight, 0);
  const advance = plan.mix.find(({ action }) => action === 'advance')?.weight ?? 0;
  const openedForSteps = plan.steps.length === 0 ? 0 : advance / plan.steps.length;
  const shared: Branch[] = [];
  for (const { action, weight } of plan.mix) {
    if (action === 'advance') {
      shared.push(inShareOfRounds(action, share(weight + openedForSteps, sum), [stepsInTurn(plan)]));
      continue;
    }
    const left = action === 'open' ? weight - openedForSteps : weight;
    if (left > 0) shared.push(inShareOfRounds(action, share(left, sum), [samplerOf(plan, action)]));
  }
  const asksAbout = plan.mix.some(({ action }) => ['comment', 'read', 'history'].includes(action));
  const first = asksAbout ? [untilTicketThere('a ticket to ask about', [samplerOf(plan, 'open')])] : [];
  return [...first, ...shared];
}

function share(weight: number, sum: number): number {
  return Number(((100 * weight) / sum).toFixed(3));
}

function samplerOf(plan: ToolPlan, action: keyof ToolPlan['samples']): Branch {
  const below = action === 'open' ? [ticketTaken('ticketId'), ticketThere()] : [];
  return sampler(action, requestOf(action, plan.samples[action] ?? [], 'ticketId'), below);
}

function stepsInTurn({ steps, samples }: ToolPlan): Branch {
  const opened = requestOf('open', samples.open ?? [], '');
  return inTurn('steps of one ticket', [
    sampler('open', opened, [ticketTaken('steppedId')]),
    ...steps.map((step, index) => sampler('advance', requestOf(stepKey(index), step, 'steppedId'), [])),
  ]);
}

function stepKey(index: number): string {
  return `step_${index + 1}`;
}

/** One of the samples by chance: what differs between them stands in variables of the plan. */
function requestOf(key: string, samples: readonly Outgoing[], ticketVariable: string): Outgoing {
  const [first] = samples;
  if (first === undefined) throw new Error(`bug: there are no samples for ${key}`);
  // JMeter 2.13 draws nothing where there is only one number.
  const { length } = samples;
  const chosen = length === 1 ? `\${${key}_1}` : `\${__V(${key}_\${__Random(1,${length})})}`;
  const url = propertyOf('docket.url', 'http://127.0.0.1:7420');
  const path = literal(first.path).replace(ticketPlaceholder, `\${${ticketVariable}}`);
  const varied = first.body === undefined && length > 1;
  return {
    method: first.method,
    path: url + (varied ? chosen : path),
    body: first.body === undefined ? undefined : chosen,
  };
}

/** For each action and step, what a request of it sends: its body, or its path where it has none. */
function variablesOf({ samples, steps }: ToolPlan): readonly (readonly [string, string])[] {
  const lists: (readonly [string, readonly Outgoing[]])[] = [
    ...Object.entries(samples),
    ...steps.map((step, index) => [stepKey(index), step] as const),
  ];
  return lists.flatMap(([key, list]) =>
    list.map(({ body, path }, index) => [`${key}_${index + 1}`, literal(body ?? path)] as const),
  );
}

function propertyOf(name: string, otherwise: string): string {
  return `\${__P(${name},${otherwise})}`;
}

/** JMeter's results are lines with commas, and names in them may call functions. */
function plainWords(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N} .:/-]+/gu, ' ');
}
