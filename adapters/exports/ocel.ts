/**
 * How events become an OCEL 2.0 log, whichever its format: the events one after the other, and then the
 * objects that they mentioned. Every object of the file has an event and every event an object, because some
 * readers silently drop those that do not.
 *
 * Which objects there are is remembered in a database of its own on disk, so that memory does not grow with
 * them. SQLite removes it when it is closed, however the process ends.
 */
import { DatabaseSync } from 'node:sqlite';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import type { TicketId } from '../../domain/ticket/values.ts';
import { type CasePiece, CaseSort } from './case-sort.ts';
import { eventId } from './cloud-events.ts';
import {
  type AttributeValue,
  attributesOfEvent,
  eventValues,
  type ObjectReference,
  type ObjectType,
  type Relation,
  relationsOf,
} from './ocel-model.ts';
import { type TicketObject, ticketObject } from './ocel-tickets.ts';
import type { SelectedEvents } from './selected-events.ts';

export interface OcelEvent {
  readonly id: string;
  readonly type: string;
  /** In epoch milliseconds. */
  readonly at: number;
  /** One per attribute of the type, see `attributesOfEvent`. */
  readonly values: readonly (AttributeValue | undefined)[];
  readonly relations: readonly Relation[];
}

export interface OcelObject extends ObjectReference, TicketObject {}

/** A format: it is told all events, then all objects, each once. */
export interface OcelWriter {
  event(event: OcelEvent): void;
  object(object: OcelObject): void;
  /** Called often; hands over what has gathered. */
  drain(): Promise<void>;
  end(): Promise<void>;
}

/** Ids kept in memory to spare looking them up; most events are about objects that were met just before. */
const objectsRememberedMax = 100_000;
/** Objects between two calls of `drain`. */
const objectsPerPiece = 256;

/** Sorts in nameless files in `folder`, where the tickets do not fit into memory. */
export async function writeOcel(events: SelectedEvents, writer: OcelWriter, folder: string): Promise<void> {
  using objects = new ObjectIndex();
  await using sort = new CaseSort(folder);
  for await (const batch of events.batches()) {
    for (const { event, caseKey, firstOfCase } of batch) {
      const relations = relationsOf(event);
      if (firstOfCase) objects.addOwn(event.ticketId);
      for (const relation of relations) objects.add(relation);
      writer.event({
        id: eventId(event),
        type: event.type,
        at: event.occurredAt,
        values: eventValues(event),
        relations,
      });
      sort.add(caseKey, `${JSON.stringify(event)},`);
    }
    await sort.spill();
    await writer.drain();
  }
  await writeTickets(events, writer, sort.sorted());
  for (const { id, type } of objects.others()) {
    const isTicket = type === 'ticket';
    const object = isTicket ? ticketObject(id, await events.history(id), () => false) : nothingMore;
    writer.object({ id, type, ...object });
    await writer.drain();
  }
  await writer.end();
}

/** The tickets that have events of their own in the export, from those events. */
async function writeTickets(
  events: SelectedEvents,
  writer: OcelWriter,
  pieces: AsyncIterable<CasePiece>,
): Promise<void> {
  let open: { readonly key: number; readonly parts: Uint8Array[] } | undefined;
  const write = async (parts: readonly Uint8Array[]) => {
    const own = eventsIn(parts);
    const [first] = own;
    if (first === undefined) return;
    // Where the selection left out a part of the ticket's history, the log has the rest.
    const isWhole = own.every(({ revision }, index) => revision === index + 1);
    const history = isWhole ? own : await events.history(first.ticketId);
    const isSelected = isWhole ? () => true : (event: RecordedEvent) => events.isSelected(event);
    writer.object({
      id: first.ticketId,
      type: 'ticket',
      ...ticketObject(first.ticketId, history, isSelected),
    });
  };
  let written = 0;
  for await (const { key, bytes } of pieces) {
    if (open?.key === key) {
      open.parts.push(bytes);
      continue;
    }
    if (open !== undefined) await write(open.parts);
    open = { key, parts: [bytes] };
    written += 1;
    if (written % objectsPerPiece === 0) await writer.drain();
  }
  if (open !== undefined) await write(open.parts);
}

/** What was written by this very export a moment ago. */
function eventsIn(parts: readonly Uint8Array[]): readonly RecordedEvent[] {
  return JSON.parse(`[${Buffer.concat(parts).toString().slice(0, -1)}]`);
}

const nothingMore: TicketObject = { initial: {}, changes: [], links: [] };

/** The attributes of a type of event; every type that the domain has is there. */
export function eventAttributes(type: string) {
  return attributesOfEvent.get(type) ?? [];
}

class ObjectIndex implements Disposable {
  // Without a name SQLite makes a file that nobody else sees, and holds only its cache in memory.
  readonly #database = new DatabaseSync('');
  readonly #recent = new Set<string>();
  readonly #insert;
  readonly #insertOwn;

  constructor() {
    this.#database.exec(`PRAGMA journal_mode = OFF; PRAGMA cache_size = -16384;
CREATE TABLE object (
  ordinal INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, own BOOLEAN NOT NULL
); BEGIN`);
    this.#insert = this.#database.prepare(
      'INSERT OR IGNORE INTO object (id, type, own) VALUES (?, ?, false)',
    );
    this.#insertOwn = this.#database.prepare(
      "INSERT INTO object (id, type, own) VALUES (?, 'ticket', true) ON CONFLICT (id) DO UPDATE SET own = true",
    );
  }

  add({ id, type }: ObjectReference): void {
    if (this.#recent.has(id)) return;
    if (this.#recent.size >= objectsRememberedMax) this.#recent.clear();
    this.#recent.add(id);
    this.#insert.run(id, type);
  }

  /** A ticket that has events of its own, and so is written with them. */
  addOwn(id: TicketId): void {
    this.#insertOwn.run(id);
  }

  /** All others, in the order in which they were first mentioned. */
  *others(): Generator<ObjectReference> {
    const rows = this.#database
      .prepare('SELECT id, type FROM object WHERE NOT own ORDER BY ordinal')
      .iterate();
    for (const row of rows) yield { id: String(row.id), type: objectType(String(row.type)) };
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

const objectTypes: readonly ObjectType[] = ['ticket', 'requester', 'agent', 'team', 'system', 'sla_policy'];

function objectType(text: string): ObjectType {
  const type = objectTypes.find((each) => each === text);
  if (type === undefined) throw new Error(`bug: ${text} is no type of object`);
  return type;
}
