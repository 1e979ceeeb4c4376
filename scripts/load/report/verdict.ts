/** The top of the report: what was run, what came of it in one word and a few figures, and on what. */
import { percent } from '../../../adapters/reports/format.ts';
import { type Content, type Markup, markup } from '../../../adapters/reports/markup.ts';
import { endings, type LoadResult, type StageResult } from '../result.ts';
import { figure, lengthBetween } from './figures.ts';
import { facts } from './page-parts.ts';
import { endingNames } from './run-parts.ts';

const verdicts: Readonly<
  Record<LoadResult['verdict'], { readonly word: string; readonly tone: string; readonly sign: string }>
> = {
  passed: { word: 'Passed', tone: 'good', sign: '✓' },
  failed: { word: 'Failed', tone: 'bad', sign: '✗' },
  invalid: { word: 'Invalid', tone: 'warn', sign: '!' },
  not_run: { word: 'Not run', tone: 'none', sign: '–' },
};

export function header(result: LoadResult): Markup {
  const { scenario, verdict, why, changed } = result;
  const { word, tone, sign } = verdicts[verdict];
  return markup`<header>
<p class="kind">Docket load test · ${scenario.kind}</p>
<h1>${scenario.id}: ${scenario.title}</h1>
<p class="purpose">${scenario.purpose}</p>
<div class="verdict ${tone}"><p class="word"><span aria-hidden="true">${sign}</span> ${word}</p><p>${capitalized(why)}</p></div>
${changed === undefined ? '' : markup`<p class="changed"><strong>Not as its scenario file says:</strong> ${changed}</p>\n`}${verdict === 'not_run' ? '' : tiles(result)}${facts(circumstances(result))}</header>
`;
}

function capitalized(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** The stages that the figures at the top are of: those measured, the surge, or the steps of a ladder. */
function judgedStages(stages: readonly StageResult[]): readonly StageResult[] {
  const kinds = (['measured', 'surge', 'step'] as const).map((kind) =>
    stages.filter(({ role }) => role === kind),
  );
  return kinds.find((found) => found.length > 0) ?? [];
}

function tiles(result: LoadResult): Markup {
  const { latency, counting, analyses, stages } = result;
  const judged = judgedStages(stages);
  const [achieved, offered] = [meanRate(judged, 'achievedPerSecond'), meanRate(judged, 'offeredPerSecond')];
  const counts = endings.map((ending) => ({
    ending,
    count: judged.reduce((sum, stage) => sum + stage.endings[ending], 0),
  }));
  const answers = counts.reduce((sum, { count }) => sum + count, 0);
  const unsuccessful = counts.filter(({ ending }) => ending !== 'succeeded');
  const missed = unsuccessful.reduce((sum, { count }) => sum + count, 0);
  const [worst] = unsuccessful.toSorted((a, b) => b.count - a.count);
  const most = worst === undefined || worst.count === 0 ? '' : `, most ${endingNames[worst.ending]}`;
  const some: [string, string, string][] = [
    [
      'p99 of answers',
      latency.count === 0 ? figure('ms', undefined) : figure('ms', latency.p99Ms),
      latency.count === 0
        ? 'nothing was answered'
        : `median ${figure('ms', latency.p50Ms)}, from the intended start`,
    ],
    ['achieved', figure('rate', achieved), `of ${figure('rate', offered)} offered${namesOf(judged)}`],
    ['transitions', figure('rate', counting.logPerSecond), "committed, by the log's own times"],
    [
      'did not succeed',
      answers === 0 ? figure('share', undefined) : percent(missed / answers),
      `${figure('count', missed)} of ${figure('count', answers)} requests${most}`,
    ],
  ];
  if (analyses.capacity !== undefined)
    some.push(['capacity', figure('rate', analyses.capacity.perSecond), 'within the objective']);
  return markup`<dl class="tiles">${some.map(
    ([name, value, more]) =>
      markup`<div><dt>${name}</dt><dd>${value}</dd><dd class="more">${more}</dd></div>`,
  )}</dl>
`;
}

const namesMax = 3;

function namesOf(stages: readonly StageResult[]): string {
  if (stages.length === 0) return '';
  const names = stages.map(({ name }) => name).join(', ');
  return ` over ${stages.length > namesMax ? `${stages.length} stages` : names}`;
}

/** Over all the time of the stages, so that a long one counts for more than a short one. */
function meanRate(
  stages: readonly StageResult[],
  of: 'achievedPerSecond' | 'offeredPerSecond',
): number | undefined {
  const seconds = (stage: StageResult) => Math.max(0, stage.toSecond - stage.fromSecond);
  const total = stages.reduce((sum, stage) => sum + seconds(stage), 0);
  if (total === 0) return stages[0]?.[of];
  return stages.reduce((sum, stage) => sum + stage[of] * seconds(stage), 0) / total;
}

const notRecorded = 'not recorded';

/** What a figure means nothing without, whatever the runner calls it. */
const musts: readonly (readonly [name: string, key: RegExp])[] = [
  ['commit', /commit/i],
  ['machine', /machine|cpu|processor/i],
  ['durability', /fsync|sync|durab/i],
  ['PostgreSQL', /postgres|database/i],
];

function circumstances(result: LoadResult): readonly (readonly [string, Content])[] {
  const { scenario, startedAt, finishedAt, conditions, cores, memoryAllocation, verdict } = result;
  const { server, protocol, users } = scenario;
  const found = musts.map(([name, key]): readonly [string, Content] => {
    const values = Object.entries(conditions).filter(([each]) => key.test(each));
    return [name, values.length === 0 ? notRecorded : values.map(([, value]) => value).join('; ')];
  });
  const ran: (readonly [string, Content])[] =
    verdict === 'not_run'
      ? []
      : [
          ['started', startedAt],
          ['lasted', lengthBetween(startedAt, finishedAt)],
          ['allocation', `${cores} cores, ${figure('bytes', memoryAllocation)} memory`],
        ];
  return [
    ...ran,
    ['load', `${users.toLocaleString('en')} users over ${protocol === 'http1' ? 'HTTP/1.1' : 'HTTP/2'}`],
    [
      'server',
      `${server.servers === 1 ? 'one server' : `${server.servers} servers`}, ${server.log} log, ${server.preloadEvents.toLocaleString('en')} events before`,
    ],
    // Of a run that did not take place nothing has to be known but what is.
    ...found.filter(([, value]) => verdict !== 'not_run' || value !== notRecorded),
  ];
}
