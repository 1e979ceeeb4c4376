/**
 * `docket doctor`: looks at a running server, its history and its machine, and names what it sees, the worst
 * first, each with what it rests on and what to do next.
 */
import { Command, Option } from 'commander';
import { duration } from '../cli/durations.ts';
import {
  databaseUrl,
  type JsonOptions,
  type LogOptions,
  wholeNumber,
  withJson,
  withLog,
} from '../cli/options.ts';
import { exitCodes, note, print, printJson } from '../cli/output.ts';
import { type Diagnosis, diagnose } from '../doctor/diagnose.ts';
import type { Finding } from '../doctor/finding.ts';
import { historyLimits } from '../runtime/history.ts';

const secondsDefault = 10;
const secondsMax = 3_600;
const sinceDefault = '24h';
const intervalMsDefault = 1_000;
const intervalMsMin = 50;

interface DoctorOptions extends LogOptions, JsonOptions {
  readonly seconds: number;
  readonly since: number;
  readonly intervalMs: number;
}

export function doctorCommand(): Command {
  const since = duration(historyLimits.daysKept);
  const command = new Command('doctor')
    .description('look at a running server and its history, and say what is wrong and what to do next')
    .option(
      '--seconds <number>',
      'for how long to watch the server',
      wholeNumber(1, secondsMax),
      secondsDefault,
    )
    .addOption(
      new Option('--since <time>', 'how far to look back, such as 24h, 30m or 7d')
        .argParser(since)
        .default(since(sinceDefault), sinceDefault),
    )
    .option(
      '--interval-ms <number>',
      'between two looks at its metrics',
      wholeNumber(intervalMsMin, 60_000),
      intervalMsDefault,
    );
  return withJson(withLog(command)).action(doctor);
}

async function doctor(options: DoctorOptions): Promise<void> {
  const { since: sinceMs, seconds } = options;
  if (!options.json) note(`docket: watching for ${seconds} s …`);
  const diagnosis = await diagnose({ ...options, sinceMs, databaseUrl: databaseUrl() });
  const isIll = diagnosis.findings.some(({ severity }) => severity === 'warning' || severity === 'critical');
  if (isIll) process.exitCode = exitCodes.problemsFound;
  if (options.json) printJson({ ok: !isIll, ...diagnosis });
  else show(diagnosis);
}

function show({ server, findings, liveSamples, historySamples, historyUnreadable }: Diagnosis): void {
  const where = server.url === undefined ? 'no server runs here' : `${server.url}, process ${server.pid}`;
  const torn = historyUnreadable === 0 ? '' : ` (${historyUnreadable} lines of it can not be read)`;
  print(`${where}: ${liveSamples} samples taken now, ${historySamples} from its history${torn}\n`);
  const width = Math.max(...findings.map(({ pattern }) => pattern.length));
  for (const finding of findings) showOne(finding, width);
}

/** One line for what is well; what is not comes with all that is known of it. */
function showOne({ severity, pattern, title, evidence, next }: Finding, width: number): void {
  const indent = ' '.repeat(10);
  print(`${severity.padEnd(8)}  ${pattern.padEnd(width)}  ${title}`);
  for (const line of evidence) print(`${indent}- ${line}`);
  if (next !== '') print(`${indent}→ ${next}`);
}
