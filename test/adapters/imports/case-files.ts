/** Small event logs of other systems for tests, as files, and what is read of them. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CaseEvent } from '../../../adapters/imports/case-event.ts';
import { parseMapping } from '../../../adapters/imports/case-mapping.ts';
import type { Malformed } from '../../../adapters/imports/import-problem.ts';
import { readCaseEvents } from '../../../adapters/imports/read-case-events.ts';

export async function tempFile(content: string | Buffer, name: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'docket-cases-')), name);
  await writeFile(file, content);
  return file;
}

/** What a file is read as. */
export async function readAll(
  content: string | Buffer,
  mapping?: object,
): Promise<{ events: CaseEvent[]; malformed: Malformed[]; file: string }> {
  const file = await tempFile(content, 'log');
  const events: CaseEvent[] = [];
  const malformed: Malformed[] = [];
  const parsed = mapping === undefined ? undefined : parseMapping(mapping, 'mapping.json');
  const onMalformed = (each: Malformed) => malformed.push(each);
  for await (const batch of readCaseEvents({ file, mapping: parsed, onMalformed })) events.push(...batch);
  return { events, malformed, file };
}

export const csvMapping = { caseId: 'case', activity: 'what', time: { column: 'when' } };

/** An XES file with these elements inside its log. */
export function xes(...inside: readonly string[]): string {
  return [
    '<?xml version="1.0" encoding="UTF-8" ?>',
    '<log xes.version="1849-2016" xmlns="http://www.xes-standard.org/">',
    ...inside,
    '</log>',
    '',
  ].join('\n');
}

export function xesTrace(caseId: string, ...events: readonly string[]): string {
  return `<trace>\n<string key="concept:name" value="${caseId}"/>\n${events.join('\n')}\n</trace>`;
}

export function xesEvent(activity: string, time: string, ...more: readonly string[]): string {
  const own = `<string key="concept:name" value="${activity}"/><date key="time:timestamp" value="${time}"/>`;
  return `<event>${own}${more.join('')}</event>`;
}
