/** `docket projector`: the process that keeps the read models. `docket serve` starts one of these. */
import { hostname } from 'node:os';
import { Command } from 'commander';
import { openSegmentReader } from '../../adapters/log/segment/segment-reader.ts';
import type { EventReader } from '../../domain/ports.ts';
import { applicationNameOf } from '../../projections/ownership.ts';
import { runProjector } from '../../projections/projector.ts';
import { analystViews, readModels } from '../../projections/read-models.ts';
import {
  databaseUrl,
  type JsonOptions,
  type LogOptions,
  wholeNumber,
  withJson,
  withLog,
} from '../cli/options.ts';
import { note, print, printJson } from '../cli/output.ts';
import { progressBar } from '../cli/progress.ts';
import { loadCalendars } from '../runtime/calendars.ts';
import { logFolder } from '../runtime/data-folder.ts';
import { openExistingLog } from '../runtime/existing-log.ts';
import { openServerChannel } from '../runtime/projector-channel.ts';
import { exposeProjector, measureProjector } from '../runtime/projector-metrics.ts';
import { openReadModels } from '../runtime/read-models.ts';
import { stopSignal } from '../runtime/signals.ts';
import { systemClock } from '../runtime/system.ts';
import { loadWorkflows } from '../runtime/workflows.ts';

export function projectorCommand(): Command {
  const command = new Command('projector')
    .description('tail the log and keep the read models in PostgreSQL')
    .option('--until-caught-up', 'stop once the read models hold all that is in the log')
    .option(
      '--metrics-port <port>',
      'let Prometheus read metrics here, on this machine; 0: any free one (default: none)',
      wholeNumber(0, 65_535),
    );
  return withJson(withLog(command)).action(run);
}

interface ProjectorCommandOptions extends LogOptions, JsonOptions {
  readonly untilCaughtUp?: true;
  readonly metricsPort?: number;
}

async function run(options: ProjectorCommandOptions): Promise<void> {
  const isChild = process.send !== undefined;
  const signal = stopSignal({ ignoreInterrupt: isChild });
  const workflows = await loadWorkflows(options.dataDir);
  const calendars = await loadCalendars(options.dataDir);
  const reader = await openReader(options, isChild);
  const owner = `${hostname()}/${process.pid}`;
  const applicationName = applicationNameOf(owner);
  const models = await openReadModels({ ...options, databaseUrl: databaseUrl(), applicationName });
  const measured = measureProjector();
  const server = openServerChannel(() => measured.registry.snapshot());
  const bar = progressBar('projecting', 'events', { json: options.json ?? (isChild || undefined) });
  const startedAtMs = performance.now();
  const head = await reader.head();
  const stack = new AsyncDisposableStack();
  let events = 0;
  try {
    await exposeProjector(measured, { database: models.database, reader }, options.metricsPort, stack);
    await runProjector({
      reader,
      database: models.database,
      workflows,
      calendars,
      projections: readModels,
      views: analystViews,
      clock: systemClock,
      signal,
      owner,
      untilCaughtUp: options.untilCaughtUp ?? false,
      onProgress: (progress) => {
        measured.onProgress(progress);
        if (progress.isLive) server?.committed(progress.partition, progress.position);
        events += progress.events;
        bar.report(progress.position, Math.max(head, progress.position));
      },
      onNote: (line) => note(`docket: ${line}`),
    });
  } finally {
    bar.stop();
    measured.stop();
    await stack.disposeAsync();
    await models.close();
    await reader.close();
  }
  const seconds = (performance.now() - startedAtMs) / 1_000;
  if (options.json) printJson({ events, seconds });
  else if (options.untilCaughtUp)
    print(`${events.toLocaleString('en')} events projected in ${seconds.toFixed(1)} s`);
  else if (!isChild) note('docket: the projector has stopped');
}

/** A child may be started before its parent has made the log; a person is told when there is none. */
function openReader(options: LogOptions, isChild: boolean): Promise<EventReader> {
  return isChild && options.log === 'segment'
    ? openSegmentReader({ folder: logFolder(options.dataDir) })
    : openExistingLog(options);
}
