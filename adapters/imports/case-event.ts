/**
 * One observed event of a case, as an event log of another system tells it: who did what, when, in which
 * case. XES and CSV files are read into these, and whatever asks about such a log (the import, `docket
 * workflow discover`, `docket conform`) works on these, whatever the format.
 *
 * It must never hold anything that the file did not say.
 */
import type { EpochMs, FieldValue } from '../../domain/ticket/values.ts';

export interface CaseEvent {
  /** As the file has it; it need not be fit for a ticket id. */
  readonly caseId: string;
  /** XES `concept:name`: what was done, or the state that was entered. */
  readonly activity: string;
  /** XES `lifecycle:transition`, such as `complete`. */
  readonly lifecycle: string | undefined;
  readonly at: EpochMs;
  /** Who did it: XES `org:resource`. */
  readonly resource: string | undefined;
  /** The resource's group: XES `org:group`. */
  readonly group: string | undefined;
  /** The event's other attributes, by field name. */
  readonly attributes: Readonly<Record<string, FieldValue>>;
  /** What the file says of the case as a whole, by field name; equal in all events of a case. */
  readonly caseAttributes: Readonly<Record<string, FieldValue>>;
  /** The line of the file that the event begins on, counted from 1, for messages. */
  readonly line: number;
}
