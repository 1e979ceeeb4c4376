/**
 * Whether an event of a file and one of a log are the same event. What a log gives by itself (position,
 * partition, commit time) may differ, and so may the digest of the command's body: the first command may have
 * left out what the restoring one says.
 */
import type { RecordedEvent } from '../../domain/ticket/events.ts';

/** What makes an event what it is, wherever it is kept. */
const comparedKeys = [
  'type',
  'data',
  'schemaVersion',
  'workflow',
  'state',
  'occurredAt',
  'actor',
  'onBehalfOf',
  'commandId',
  'correlationId',
  'causationId',
  'source',
] as const satisfies readonly (keyof RecordedEvent)[];

/** What differs, as a sentence; `undefined` for the same event. */
export function differenceOf(inFile: RecordedEvent, inLog: RecordedEvent): string | undefined {
  const key = comparedKeys.find((each) => !sameContent(inFile[each], inLog[each]));
  if (key === undefined) return undefined;
  return `${key} is ${shown(inLog[key])} in the log and ${shown(inFile[key])} in the file`;
}

/** Equal in content; a key without a value is no key. */
function sameContent(left: unknown, right: unknown): boolean {
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
    return left === right;
  }
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  for (const key of keys) {
    if (!sameContent(Reflect.get(left, key), Reflect.get(right, key))) return false;
  }
  return Array.isArray(left) === Array.isArray(right);
}

const shownCharactersMax = 200;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'absent';
  return text.length <= shownCharactersMax ? text : `${text.slice(0, shownCharactersMax)}…`;
}
