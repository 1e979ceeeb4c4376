/**
 * The events of an export, in order of position, partition after partition. What the log gains while the
 * export runs is not part of it: the end is taken down before the first event is read, and holds for
 * everything that is read later.
 *
 * It must never hold more than one batch of events, what `CaseMemory` remembers, and one ticket's history.
 */
import type { EventReader } from '../../domain/ports.ts';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import type { TicketId } from '../../domain/ticket/values.ts';
import { CaseMemory, casesRememberedMax, groupAfter, type RememberedCase } from './case-memory.ts';
import { type EventSelection, isCaseSelected, isTimeSelected } from './selection.ts';

/** Events that are read, written and forgotten together. */
export const batchEventsMax = 1_024;

export interface SelectedEvent {
  readonly event: RecordedEvent;
  /** The group of the ticket after the event. */
  readonly group: string | undefined;
  /** Tells its ticket from all others, and grows in the order in which tickets first come up. */
  readonly caseKey: number;
  /** Whether it is the first of its ticket that is selected. */
  readonly firstOfCase: boolean;
}

/** The part of a partition that was looked through, both ends included; `to` is 0 for an empty one. */
export interface PositionRange {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

export interface ReadProgress {
  /** Positions looked through so far, and in all. */
  readonly done: number;
  readonly total: number;
}

export interface SelectedEventsOptions {
  readonly reader: EventReader;
  readonly selection: EventSelection;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: ReadProgress) => void) | undefined;
  readonly casesRememberedMax?: number | undefined;
}

export class SelectedEvents {
  /** What was given out so far; `cases` are tickets with at least one selected event. */
  readonly counts = { events: 0, cases: 0 };
  readonly ranges: readonly PositionRange[];
  readonly #options: SelectedEventsOptions;
  readonly #cases: CaseMemory;

  private constructor(options: SelectedEventsOptions, ranges: readonly PositionRange[]) {
    this.#options = options;
    this.ranges = ranges;
    this.#cases = new CaseMemory(options.casesRememberedMax ?? casesRememberedMax);
  }

  /** Takes down where each partition ends now. */
  static async open(options: SelectedEventsOptions): Promise<SelectedEvents> {
    const { reader, selection } = options;
    const ranges: PositionRange[] = [];
    for (let partition = 0; partition < reader.partitions; partition += 1) {
      const to = Math.min(await reader.head(partition), selection.toPosition ?? Number.MAX_SAFE_INTEGER);
      ranges.push({ partition, from: Math.max(1, selection.fromPosition ?? 1), to });
    }
    return new SelectedEvents(options, ranges);
  }

  /** The selected events, once. Throws the signal's reason when it is given. */
  async *batches(): AsyncGenerator<readonly SelectedEvent[]> {
    const { reader, signal, onProgress } = this.#options;
    const total = this.ranges.reduce((sum, { from, to }) => sum + Math.max(0, to - from + 1), 0);
    let done = 0;
    for (const { partition, from, to } of this.ranges) {
      if (from > to) continue;
      for await (const batch of reader.read(from, { partition, signal, batchEventsMax })) {
        signal.throwIfAborted();
        const selected = await this.#select(batch, to);
        this.counts.events += selected.length;
        if (selected.length > 0) yield selected;
        done += batch.length;
        onProgress?.({ done: Math.min(done, total), total });
        if ((batch.at(-1)?.position ?? to) >= to) break;
      }
    }
    signal.throwIfAborted();
  }

  /** All of a ticket's events up to the export's end, whether they are selected or not. */
  async history(ticketId: TicketId): Promise<readonly RecordedEvent[]> {
    const events = await this.#options.reader.readTicket(ticketId);
    return events.filter(({ partition, position }) => position <= (this.ranges[partition]?.to ?? 0));
  }

  /** Whether an event of a history is part of the export. */
  isSelected(event: RecordedEvent): boolean {
    const { selection } = this.#options;
    const range = this.ranges[event.partition];
    if (range === undefined || event.position < range.from || event.position > range.to) return false;
    return isCaseSelected(selection, event) && isTimeSelected(selection, event);
  }

  async #select(batch: readonly RecordedEvent[], to: number): Promise<readonly SelectedEvent[]> {
    const { selection } = this.#options;
    const selected: SelectedEvent[] = [];
    for (const event of batch) {
      if (event.position > to) break;
      if (!isCaseSelected(selection, event)) continue;
      const isSelected = isTimeSelected(selection, event);
      let known = this.#cases.find(event.ticketId);
      if (known === undefined) {
        // Nothing needs to be known yet of a ticket whose events begin to be selected later.
        if (!isSelected && event.revision > 1) continue;
        known = event.revision > 1 ? await this.#recall(event) : { group: undefined, caseKey: undefined };
        this.#cases.remember(event.ticketId, known);
      }
      this.#cases.update(known, event);
      if (!isSelected) continue;
      const firstOfCase = known.caseKey === undefined;
      if (firstOfCase) this.counts.cases += 1;
      known.caseKey ??= this.#keyOf(event);
      selected.push({ event, group: known.group, caseKey: known.caseKey, firstOfCase });
    }
    return selected;
  }

  /** The ticket as it was before the event. */
  async #recall({ ticketId, revision }: RecordedEvent): Promise<RememberedCase> {
    const before = (await this.history(ticketId)).filter((event) => event.revision < revision);
    let group: string | undefined;
    for (const event of before) group = groupAfter(group, event);
    const first = before.find((event) => this.isSelected(event));
    return { group, caseKey: first === undefined ? undefined : this.#keyOf(first) };
  }

  /** Where the event lies when all partitions are laid end to end, as they are read. */
  #keyOf({ partition, position }: RecordedEvent): number {
    let key = position;
    for (const range of this.ranges.slice(0, partition)) key += range.to;
    return key;
  }
}
