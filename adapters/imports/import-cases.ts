/**
 * Imports an event log of another system, XES or CSV: each case becomes a ticket of a workflow, each event
 * the commands that it stands for. What the workflow does not allow is rejected and written down with the
 * reason; what can not be read, too. Importing again adds nothing, and goes on where an import was broken
 * off.
 *
 * It must never write to a log itself, hold the whole file, or lose a row: each is accounted for exactly
 * once.
 */
import { Fault } from '../../domain/errors.ts';
import type { CommandSink } from '../../domain/ports.ts';
import type { TicketState } from '../../domain/ticket/state.ts';
import type { Workflows } from '../../domain/workflow/registry.ts';
import type { CaseEvent } from './case-event.ts';
import type { CaseMapping } from './case-mapping.ts';
import { CasePlanner } from './case-plan.ts';
import { type CaseImportReport, CaseTally } from './case-tally.ts';
import { CommandSender, senderLimits } from './command-sender.ts';
import type { Malformed } from './import-problem.ts';
import { readCaseEvents } from './read-case-events.ts';
import { type Refusal, refusedProblem } from './refusal.ts';
import { RejectFile } from './reject-file.ts';
import { type Plan, type RowHandler, TicketHistories } from './ticket-histories.ts';
import { ticketIdOf } from './ticket-ids.ts';

export const sourceCharactersMax = 64;

export const caseImportLimits = {
  ...senderLimits,
  /** Case events read but not yet settled. */
  rowsAheadMax: 8_192,
  /** Tickets remembered in case more events of them come: of a CSV file, cases open at the same time. */
  picturesMax: 65_536,
};

export interface CaseImportOptions {
  /** XES, .xes.gz, CSV, or a .zip of one of them. */
  readonly file: string;
  readonly mapping?: CaseMapping | undefined;
  readonly sink: CommandSink;
  readonly workflows: Workflows;
  /** By name or name@version. */
  readonly workflow: string;
  /** What the events are said to come from; the same in every run, or nothing is recognised again. */
  readonly source: string;
  /** Path of the NDJSON file for what is not taken; a file of this name is replaced. */
  readonly rejects: string;
  /** Called after each chunk of the file, and once at the end. */
  readonly onProgress?: (progress: CaseImportProgress) => void;
  readonly signal?: AbortSignal | undefined;
  readonly limits?: Partial<typeof caseImportLimits>;
}

export type CaseImportProgress = Pick<CaseTally, 'rows' | 'tickets' | 'events' | 'rejected' | 'malformed'>;

/**
 * Resolves when everything is settled. Throws `Fault('input_unreadable')` for a file that can not be read or
 * a workflow that is not known, what the sink throws, and the signal's reason; what was sent then stays, and
 * importing again goes on from there.
 */
export async function importCases(options: CaseImportOptions): Promise<CaseImportReport> {
  const startedAtMs = performance.now();
  const limits = { ...caseImportLimits, ...options.limits };
  const { file, mapping, signal } = options;
  const planner = plannerOf(options);
  const rejects = await RejectFile.create(options.rejects);
  const sender = new CommandSender(options.sink, limits, signal);
  const tally = new CaseTally();
  const cases = new Cases(planner, tally, rejects, options.workflows);
  const histories = new TicketHistories(sender, cases, limits.picturesMax);
  const onMalformed = (malformed: Malformed) => cases.malformed(malformed);
  const report = () => options.onProgress?.(tally);
  try {
    for await (const events of readCaseEvents({ file, mapping, signal, onMalformed })) {
      for (const event of events) {
        tally.rows += 1;
        histories.take(histories.of(event.caseId), event);
        while (sender.full || histories.rowsAhead >= limits.rowsAheadMax) await sender.advance();
      }
      await rejects.drained();
      report();
    }
    while (histories.rowsAhead > 0) await sender.advance();
  } finally {
    await sender.settle();
    await rejects.close();
  }
  report();
  return tally.report((performance.now() - startedAtMs) / 1_000);
}

/** What a case event becomes, and what is told of its fate. */
class Cases implements RowHandler<CaseEvent, Plan> {
  readonly #planner: CasePlanner;
  readonly #tally: CaseTally;
  readonly #rejects: RejectFile;
  readonly #workflows: Workflows;

  constructor(planner: CasePlanner, tally: CaseTally, rejects: RejectFile, workflows: Workflows) {
    this.#planner = planner;
    this.#tally = tally;
    this.#rejects = rejects;
    this.#workflows = workflows;
  }

  plan(event: CaseEvent, ticket: TicketState | undefined, ordinal: number): Plan | Refusal {
    return this.#planner.plan(event, ticketIdOf(event.caseId), ticket, ordinal);
  }

  added(events: number): void {
    this.#tally.events += events;
  }

  opened(): void {
    this.#tally.tickets += 1;
  }

  taken(_event: CaseEvent, _plan: Plan, events: number): void {
    this.#tally.taken(events);
  }

  refused(event: CaseEvent, refusal: Refusal): void {
    this.#tally.refused(refusal, false);
    const { line, caseId, activity: claimed, ...rest } = event;
    const row = { activity: claimed, ...rest, at: new Date(event.at).toISOString() };
    this.#write(line, caseId, claimed, row, refusal);
  }

  isOver(ticket: TicketState): boolean {
    return this.#workflows.stateOf(ticket).final;
  }

  /** What never became a case event is a row as well. */
  malformed({ problem, line, caseId, record }: Malformed): void {
    this.#tally.rows += 1;
    const refusal = refusedProblem(problem, undefined, this.#workflows);
    this.#tally.refused(refusal, true);
    this.#write(line, caseId, undefined, record, { ...refusal, legal: [] });
  }

  #write(
    line: number,
    caseId: string | undefined,
    claimed: string | undefined,
    row: object,
    { code, reason, column, tried, state, legal }: Refusal,
  ): void {
    this.#rejects.write({ line, caseId, row, column, tried, claimed, code, reason, state, legal });
  }
}

function plannerOf({
  file,
  mapping,
  workflows,
  workflow: reference,
  source,
}: CaseImportOptions): CasePlanner {
  const workflow = workflows.find(reference);
  if (workflow === undefined) {
    const known = workflows.all().map(({ id }) => id);
    const message = `${file} can not be imported: there is no workflow ${reference}; known are ${known.join(', ')}`;
    throw new Fault('input_unreadable', message);
  }
  if (source.length === 0 || source.length > sourceCharactersMax) {
    throw new Fault('input_unreadable', `the source must have 1 to ${sourceCharactersMax} characters`);
  }
  return new CasePlanner({ workflows, workflow, states: mapping?.states, reasons: mapping?.reasons, source });
}
