/** Each tool as it is found on this machine, run on files that were made for it, and its results, read. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { LoadTool } from '../../scripts/load/tools/tool.ts';
import { runCollection } from './collection.ts';

export interface ToolRun {
  /** The program, as `findProgram` found it; empty for Postman, which needs none. */
  readonly program: string;
  /** Where the files are, and where results go. */
  readonly folder: string;
  /** Of the scenario, in lower case. */
  readonly id: string;
  readonly url: string;
  readonly key: string;
  readonly seconds: number;
}

/** By the tool's own count. */
export interface ToolCount {
  readonly requests: number;
  readonly failed: number;
  /** Events of accepted commands: what the log must have grown by. */
  readonly events: number;
}

const programs = { k6: 'K6', locust: 'LOCUST', jmeter: 'JMETER', ab: 'AB' } as const;
const runMsMax = 60_000;
const outputBytesMax = 10_000_000;
const run = promisify(execFile);

/** Where the program is: as K6, LOCUST, JMETER or AB say, or on the path. Empty where none is needed. */
export function findProgram(tool: LoadTool): string | undefined {
  if (tool === 'postman') return '';
  const named = process.env[programs[tool]];
  if (named !== undefined && named !== '') return named;
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, tool)).find((path) => existsSync(path));
}

export const runTool: Readonly<Record<LoadTool, (given: ToolRun) => Promise<ToolCount>>> = {
  k6: async (given) => {
    const results = join(given.folder, `${given.id}-k6-summary.json`);
    const script = join(given.folder, `${given.id}-k6.js`);
    await started('k6', given.program, ['run', '--quiet', '--summary-export', results, script], given);
    const { metrics } = k6Schema.parse(JSON.parse(readFileSync(results, 'utf8')));
    return {
      requests: metrics.http_reqs.count,
      failed: metrics.http_req_failed.passes,
      events: metrics.docket_events_acknowledged?.count ?? 0,
    };
  },
  locust: async (given) => {
    const prefix = join(given.folder, `${given.id}-locust`);
    const file = join(given.folder, `${given.id.replaceAll('-', '_')}_locust.py`);
    const output = await started('locust', given.program, ['-f', file, '--headless', '--csv', prefix], given);
    const total = rowsOf(readFileSync(`${prefix}_stats.csv`, 'utf8')).find(
      ({ Name }) => Name === 'Aggregated',
    );
    const told = /^docket (\{.*\})$/m.exec(output)?.[1];
    if (told === undefined) throw new Error(`locust did not tell what was acknowledged: ${output}`);
    return {
      requests: Number(total?.['Request Count']),
      failed: Number(total?.['Failure Count']),
      events: z.object({ eventsAcknowledged: z.int() }).parse(JSON.parse(told)).eventsAcknowledged,
    };
  },
  jmeter: async (given) => {
    await started('jmeter', join(given.folder, `${given.id}-jmeter.sh`), [], given);
    const rows = rowsOf(readFileSync(join(given.folder, `${given.id}.jtl`), 'utf8'));
    const succeeded = rows.filter(({ success }) => success === 'true');
    const events = rows.reduce((sum, row) => sum + Number(row.docketEvents), 0);
    return { requests: rows.length, failed: rows.length - succeeded.length, events };
  },
  ab: async (given) => {
    await started('ab', join(given.folder, `${given.id}-ab.sh`), [], given);
    const texts = readdirSync(given.folder).filter((name) => /-ab-\d+\.txt$/.test(name));
    const figures = (name: string) =>
      texts
        .filter((file) => file.startsWith(`${given.id}-ab-`))
        .map((file) => readFileSync(join(given.folder, file), 'utf8'))
        .map((text) => Number(new RegExp(`^${name}: +(\\d+)`, 'm').exec(text)?.[1] ?? 0))
        .reduce((sum, figure) => sum + figure, 0);
    const requests = figures('Complete requests');
    const failed = figures('Failed requests') + figures('Non-2xx responses');
    return { requests, failed, events: requests - failed };
  },
  postman: async ({ folder, id, url, key }) => {
    const text = readFileSync(join(folder, `${id}.postman_collection.json`), 'utf8');
    const { requests, failed, events, tests } = await runCollection(text, { baseUrl: url, key });
    for (const line of failed) console.error(`  ${line}`);
    if (tests < requests) throw new Error(`${tests} tests look at ${requests} requests`);
    return { requests, failed: failed.length, events };
  },
};

const k6Schema = z.object({
  metrics: z.object({
    http_reqs: z.object({ count: z.int() }),
    /** Of a rate of failures, `passes` are those that failed. */
    http_req_failed: z.object({ passes: z.int() }),
    docket_events_acknowledged: z.object({ count: z.int() }).optional(),
  }),
});

/**
 * How a tool ends that ran, and found that a limit was missed. On a machine that does much else at the time
 * that means nothing; what was asked, and what became of it, is counted all the same.
 */
const limitMissed: Partial<Record<string, number>> = { k6: 99, locust: 1 };

/** Debian's JMeter 2.13 beside its XStream 1.4.20, which lets it read no test plan, be it its own. */
const brokenJmeter = 'ForbiddenClassException: org.apache.jmeter';

/** The tool is there, and is of no use on this machine. */
export class UnusableTool extends Error {}

/** What it told on stdout. Throws, with all that it told, where it did not run to its end. */
async function started(tool: LoadTool, program: string, args: readonly string[], given: ToolRun) {
  const { folder, url, key, seconds } = given;
  const env = {
    ...process.env,
    ...{ DOCKET_URL: url, DOCKET_KEY: key, DOCKET_SECONDS: String(seconds), DOCKET_OUT: folder },
    ...{ JMETER: findProgram('jmeter'), AB: findProgram('ab'), K6_NO_USAGE_REPORT: 'true' },
  };
  const bounds = { cwd: folder, timeout: runMsMax, maxBuffer: outputBytesMax };
  const { stdout } = await run(program, args, { env, ...bounds }).catch((error) => {
    const told = `${error.message}\n${error.stdout}\n${error.stderr}`;
    if (told.includes(brokenJmeter))
      throw new UnusableTool('it can read no test plan: its XStream forbids it');
    if (error.code !== limitMissed[tool]) throw new Error(told);
    console.log('  it missed a limit of the scenario, which is no matter here');
    return error;
  });
  return String(stdout);
}

/** Lines of a CSV under the names of its head, without the quotes; no field holds a quote of its own. */
function rowsOf(csv: string): readonly Readonly<Record<string, string>>[] {
  const [head = '', ...lines] = csv.trim().split(/\r?\n/);
  const fieldsOf = (line: string) =>
    (line.match(/"[^"]*"|[^,"]+|(?<=,|^)(?=,|$)/g) ?? []).map((field) => field.replaceAll('"', ''));
  const names = fieldsOf(head);
  return lines.map((line) => {
    const fields = fieldsOf(line);
    return Object.fromEntries(names.map((name, index) => [name, fields[index] ?? '']));
  });
}
