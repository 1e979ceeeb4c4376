/** `docket throughput`: committed transitions per window, from the read models. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { type ThroughputWindow, throughputWindows } from '../../domain/metrics/throughput.ts';
import { type ThroughputBreakdown, throughput, throughputBreakdowns } from '../../projections/queries.ts';
import {
  type DataOptions,
  databaseUrl,
  type JsonOptions,
  wholeNumber,
  withDataDir,
  withJson,
} from '../cli/options.ts';
import { print, printJson, table } from '../cli/output.ts';
import { openReadModels } from '../runtime/read-models.ts';

const shortNames: Readonly<Record<string, ThroughputWindow>> = {
  '1s': 'second',
  '1m': 'minute',
  '1h': 'hour',
  '1d': 'day',
};

interface ThroughputOptions extends DataOptions, JsonOptions {
  readonly window: ThroughputWindow;
  readonly limit: number;
  readonly by?: ThroughputBreakdown[];
}

export function throughputCommand(): Command {
  const command = new Command('throughput')
    .description('committed transitions per second, minute, hour or day, newest first')
    .option('--window <window>', '1s, 1m, 1h or 1d', readWindow, 'minute' as const)
    .addOption(new Option('--by <what...>', 'count these apart').choices(throughputBreakdowns))
    .option('--limit <rows>', 'most rows', wholeNumber(1), 20);
  return withJson(withDataDir(command)).action(show);
}

function readWindow(text: string): ThroughputWindow {
  const window =
    shortNames[text] ?? (Object.keys(throughputWindows) as ThroughputWindow[]).find((each) => each === text);
  if (window === undefined) throw new InvalidArgumentError('It must be 1s, 1m, 1h or 1d.');
  return window;
}

async function show(options: ThroughputOptions): Promise<void> {
  const { window, limit, by } = options;
  const applicationName = 'docket throughput';
  const models = await openReadModels({ ...options, databaseUrl: databaseUrl(), applicationName });
  const answer = await throughput(models.database, window, { limit, by }).finally(() => models.close());
  const { position, recordedAt } = answer.asOf;
  const rows = answer.rows.map((row) => ({ ...row, windowStart: new Date(row.windowStart).toISOString() }));
  const asOf = {
    position,
    recordedAt: recordedAt === undefined ? undefined : new Date(recordedAt).toISOString(),
  };
  if (options.json) {
    printJson({ window, asOf, rows });
    return;
  }
  const names = by ?? [];
  const cells = rows.map((row) => [
    row.windowStart,
    ...names.map((name) => row[name] ?? ''),
    row.transitions,
  ]);
  print(table([`${window} from`, ...names, 'transitions'], cells));
  print(
    `\nas of position ${position}${asOf.recordedAt === undefined ? '' : `, recorded at ${asOf.recordedAt}`}`,
  );
}
