/**
 * Events as XES (IEEE 1849), grouped by ticket: Docket's own dialect, which holds everything that the log
 * has, so that an import of the file makes the same tickets. Tickets stand in the order of their first event.
 *
 * XML can not hold every character, nor its dates every time. What does not fit is replaced in the attribute
 * and stands exactly in `docket:exact`, a JSON object by the attribute's key.
 */
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import type { EpochMs } from '../../domain/ticket/values.ts';
import { CaseSort } from './case-sort.ts';
import type { Output } from './output.ts';
import type { SelectedEvents } from './selected-events.ts';
import { timeText } from './text.ts';

/** Raised when the dialect changes in a way that a reader must know of. */
export const docketFormat = 1;
/** Handed over at once, about. */
const writeBytes = 262_144;

/** Sorts in nameless files in `folder`, where the tickets do not fit into memory. */
export async function writeXes(events: SelectedEvents, output: Output, folder: string): Promise<void> {
  await using sort = new CaseSort(folder);
  for await (const batch of events.batches()) {
    for (const { event, group, caseKey, firstOfCase } of batch) {
      const begin = firstOfCase ? traceBegin(event) : '';
      sort.add(caseKey, begin + eventElement(event, group));
    }
    await sort.spill();
  }
  let pieces: Uint8Array[] = [Buffer.from(logBegin)];
  let gathered = 0;
  let open: number | undefined;
  for await (const { key, bytes } of sort.sorted()) {
    if (open !== undefined && open !== key) pieces.push(traceEnd);
    open = key;
    pieces.push(bytes);
    gathered += bytes.length;
    if (gathered < writeBytes) continue;
    await output.write(Buffer.concat(pieces));
    pieces = [];
    gathered = 0;
  }
  if (open !== undefined) pieces.push(traceEnd);
  await output.write(Buffer.concat([...pieces, Buffer.from('</log>\n')]));
}

const traceEnd = Buffer.from('  </trace>\n');

const extensions = [
  ['Concept', 'concept'],
  ['Time', 'time'],
  ['Lifecycle', 'lifecycle'],
  ['Organizational', 'org'],
] as const;

const logBegin = `<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">
${extensions
  .map(
    ([name, prefix]) =>
      `  <extension name="${name}" prefix="${prefix}" uri="http://www.xes-standard.org/${prefix}.xesext"/>\n`,
  )
  .join('')}  <global scope="trace">
    <string key="concept:name" value=""/>
    <string key="docket:workflow" value=""/>
  </global>
  <global scope="event">
    <string key="concept:name" value=""/>
    <date key="time:timestamp" value="1970-01-01T00:00:00.000+00:00"/>
    <string key="lifecycle:transition" value="complete"/>
    <string key="org:resource" value=""/>
    <string key="org:role" value=""/>
    <int key="docket:revision" value="0"/>
  </global>
  <classifier name="Activity" keys="concept:name"/>
  <classifier name="Activity and lifecycle" keys="concept:name lifecycle:transition"/>
  <classifier name="State" keys="docket:state"/>
  <string key="docket:format" value="${docketFormat}"/>
`;

/** What the attributes of one event could not hold, by key. */
type Exact = Record<string, string | number>;

function traceBegin({ ticketId, workflow }: RecordedEvent): string {
  const exact: Exact = {};
  const attributes = text(exact, 'concept:name', ticketId) + text(exact, 'docket:workflow', workflow);
  return `  <trace>\n${attributes}${exactly(exact)}`;
}

function eventElement(event: RecordedEvent, group: string | undefined): string {
  const exact: Exact = {};
  return `    <event>
${text(exact, 'concept:name', event.type)}${date(exact, 'time:timestamp', event.occurredAt)}${
  text(exact, 'lifecycle:transition', 'complete') +
  text(exact, 'org:resource', event.actor.id) +
  text(exact, 'org:role', event.actor.role) +
  text(exact, 'org:group', group) +
  whole('docket:revision', event.revision) +
  whole('docket:position', event.position) +
  whole('docket:partition', event.partition) +
  date(exact, 'docket:recordedAt', event.recordedAt) +
  text(exact, 'docket:workflow', event.workflow) +
  text(exact, 'docket:state', event.state) +
  whole('docket:schemaVersion', event.schemaVersion) +
  text(exact, 'docket:onBehalfOfId', event.onBehalfOf?.id) +
  text(exact, 'docket:onBehalfOfRole', event.onBehalfOf?.role) +
  text(exact, 'docket:commandId', event.commandId) +
  text(exact, 'docket:commandDigest', event.commandDigest) +
  text(exact, 'docket:correlationId', event.correlationId) +
  text(exact, 'docket:causationId', event.causationId) +
  text(exact, 'docket:source', event.source) +
  text(exact, 'docket:data', jsonText(event.data)) +
  exactly(exact)
}    </event>
`;
}

function text(exact: Exact, key: string, value: string | undefined): string {
  if (value === undefined) return '';
  return `      <string key="${key}" value="${escaped(storable(exact, key, value))}"/>\n`;
}

function whole(key: string, value: number): string {
  return `      <int key="${key}" value="${value}"/>\n`;
}

const year1Ms = -62_135_596_800_000;
const year10000Ms = 253_402_300_800_000;

function date(exact: Exact, key: string, at: EpochMs): string {
  const held = Math.min(Math.max(at, year1Ms), year10000Ms - 1);
  if (held !== at) exact[key] = at;
  return `      <date key="${key}" value="${timeText(held)}+00:00"/>\n`;
}

function exactly(exact: Exact): string {
  for (const _ in exact) return text({}, 'docket:exact', jsonText(exact));
  return '';
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the very characters that XML has not.
const notInXml = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;
const notInXmlAll = new RegExp(notInXml, 'g');

function storable(exact: Exact, key: string, value: string): string {
  if (value.isWellFormed() && !notInXml.test(value)) return value;
  exact[key] = value;
  return value.toWellFormed().replace(notInXmlAll, '\ufffd');
}

/** JSON in which every character that XML has not is escaped; it reads back as the same value. */
function jsonText(value: object): string {
  const json = JSON.stringify(value);
  if (!notInXml.test(json)) return json;
  return json.replace(
    notInXmlAll,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const mustBeEscaped = /[&<>"\t\n\r]/;
const mustBeEscapedAll = new RegExp(mustBeEscaped, 'g');
const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  // A parser makes a space of these in an attribute, unless they are spelled so.
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

function escaped(value: string): string {
  if (!mustBeEscaped.test(value)) return value;
  return value.replace(mustBeEscapedAll, (character) => escapes[character] ?? character);
}
