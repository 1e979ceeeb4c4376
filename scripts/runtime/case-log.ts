/** Another system's event log as commands read it: by its mapping, with a count of what is unreadable. */
import type { CaseEvent } from '../../adapters/imports/case-event.ts';
import { readMapping } from '../../adapters/imports/case-mapping.ts';
import { readCaseEvents } from '../../adapters/imports/read-case-events.ts';
import { stopSignal } from './signals.ts';

export interface CaseLog {
  readonly events: AsyncIterable<readonly CaseEvent[]>;
  /** The workflow's states for activities, as far as the mapping names them. */
  readonly states: Readonly<Record<string, string>> | undefined;
  /** Rows and elements that could not be read so far; of the first of them, where it is and why. */
  readonly malformed: { readonly count: number; readonly first: string | undefined };
}

/** Reading ends on Ctrl-C. Throws `Fault('input_unreadable')` for a mapping that can not be used. */
export async function openCaseLog(file: string, mappingFile: string | undefined): Promise<CaseLog> {
  const mapping = mappingFile === undefined ? undefined : await readMapping(mappingFile);
  const malformed: { count: number; first: string | undefined } = { count: 0, first: undefined };
  const events = readCaseEvents({
    file,
    mapping,
    signal: stopSignal(),
    onMalformed: ({ line, problem }) => {
      malformed.count += 1;
      malformed.first ??= `line ${line}: ${problem.message}`;
    },
  });
  return { events, states: mapping?.states, malformed };
}
