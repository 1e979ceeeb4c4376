/**
 * What every file says of itself: what it was made from, how it asks, and what it cannot say. A file without
 * these would be taken for the scenario itself.
 */
import type { Scenario } from '../scenario.ts';
import { oneLine } from './plan.ts';
import type { LoadTool } from './tool.ts';

export interface FileWords {
  /** `open` or `closed`, and what that means for what it measures. */
  readonly model: string;
  /** How it is started, by hand. */
  readonly usage: readonly string[];
  /** What the scenario says, and this file does not do. */
  readonly lacks: readonly string[];
}

const columnsMax = 100;

/** Lines for the head of a file, without the marks of a comment. */
export function headLines(scenario: Scenario, tool: LoadTool, words: FileWords): readonly string[] {
  const lacks = [...words.lacks, ...lackedByAll(scenario)];
  return [
    `${scenario.id}: ${oneLine(scenario.title)}`,
    ...wrapped(oneLine(scenario.purpose), ''),
    '',
    ...wrapped(
      `Made by \`npm run load -- export ${scenario.id} --for ${tool}\` from that scenario; change the scenario, not this file.`,
      '',
    ),
    ...wrapped(`Model: ${words.model}`, '  '),
    'What it can not do:',
    ...lacks.flatMap((lack) => wrapped(`- ${lack}`, '  ')),
    'Run:',
    ...words.usage.map((line) => `  ${line}`),
    'DOCKET_URL says where the server is (http://127.0.0.1:7420), DOCKET_KEY holds an API key.',
    ...serverLines(scenario),
  ];
}

/** True of every tool, because none of them sees more than answers. */
function lackedByAll({ kpis, server }: Scenario): readonly string[] {
  const unseen = [
    ...(kpis.cpuShareMax === undefined ? [] : ['CPU']),
    ...(kpis.memoryShareMax === undefined ? [] : ['memory']),
    ...(kpis.databaseSecondsMax === undefined ? [] : ['database times']),
    ...(kpis.uptimeShareMin === undefined ? [] : ['uptime']),
    ...(kpis.recoverySecondsMax === undefined ? [] : ['recovery']),
    ...(kpis.databaseOperationsMin === undefined ? [] : ['rows in PostgreSQL']),
  ];
  return [
    'count in the log: what it counts is answers.',
    ...(unseen.length === 0 ? [] : [`judge ${unseen.join(', ')}: it sees the server's answers only.`]),
    ...(server.preloadEvents === 0
      ? []
      : [`preload ${server.preloadEvents.toLocaleString('en')} events: give it a server that has them.`]),
  ];
}

function serverLines({ server, protocol }: Scenario): readonly string[] {
  const log = server.log === 'postgres' ? ['--log', 'postgres'] : [];
  const options = [...log, ...server.options].map(oneLine);
  return [
    ...(options.length === 0 ? [] : [`The server is to be started with: docket serve ${options.join(' ')}`]),
    ...(protocol === 'http2' ? ['It is to speak HTTP/2 over TLS; then DOCKET_URL begins with https:.'] : []),
  ];
}

function wrapped(text: string, indent: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length >= columnsMax) {
      lines.push(line);
      line = indent + word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Each line as a comment, with nothing after the mark of an empty one. */
export function commented(mark: string, lines: readonly string[]): string {
  return lines.map((line) => `${mark} ${line}`.trimEnd()).join('\n');
}

/** As a shell takes it, whatever it holds. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
