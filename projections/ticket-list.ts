/**
 * Lists of tickets: filters, orders, pages by key and full-text search over `docket.ticket`. Every page is
 * one statement, so that its rows and the position that they are true at belong together.
 *
 * It knows nothing of who may see what: whoever shows rows to somebody looks at each of them first.
 */
import type { PresentTicket } from '../domain/ports.ts';
import type { EpochMs, TicketId } from '../domain/ticket/values.ts';
import type { Workflows } from '../domain/workflow/registry.ts';
import type { Category } from '../domain/workflow/transition.ts';
import type { Queries, SqlValue } from './sql.ts';
import { buildTablePrefix } from './table.ts';
import { entryOfRow, ticketProjection, ticketTable } from './ticket.ts';
import { ticketEventProjection } from './ticket-event.ts';
import { ListFilters } from './ticket-list-filters.ts';
import {
  comesAfter,
  keyOf,
  type ListKey,
  type ListRow,
  type ListSort,
  listedColumns,
  listOrders,
} from './ticket-list-order.ts';
import {
  commentDocument,
  fieldsDocument,
  isCommentEvent,
  isPublicComment,
  wantedWordsQuery,
  wordsQuery,
} from './ticket-words.ts';

/** From its beginning on, and before its end. */
export interface ListPeriod {
  readonly from?: EpochMs | undefined;
  readonly to?: EpochMs | undefined;
}

/** Several values of one filter: any of them. An empty one stands for tickets that have none. */
export interface ListQuestion {
  readonly status?: readonly string[] | undefined;
  readonly category?: readonly Category[] | undefined;
  /** Names, with any version, or name@version. */
  readonly workflow?: readonly string[] | undefined;
  readonly assignee?: readonly string[] | undefined;
  readonly group?: readonly string[] | undefined;
  readonly requester?: readonly string[] | undefined;
  readonly priority?: readonly string[] | undefined;
  readonly closed?: boolean | undefined;
  readonly opened?: ListPeriod | undefined;
  readonly updated?: ListPeriod | undefined;
  readonly resolved?: ListPeriod | undefined;
  readonly fields: readonly { readonly name: string; readonly values: readonly string[] }[];
  readonly words?: string | undefined;
  readonly sort: ListSort;
  readonly descending: boolean;
}

export interface ListedTicket extends PresentTicket {
  readonly updatedAt: EpochMs;
  readonly key: ListKey;
}

export interface ListPage {
  /** What every row and every row that is missing is true at. */
  readonly position: number;
  readonly tickets: readonly ListedTicket[];
}

export interface PageWanted {
  /** The key of the last ticket before the page; the page is the first where absent. */
  readonly after: ListKey | undefined;
  readonly limit: number;
  /**
   * Whether words to be left out count. Not for a caller who may not see all of a ticket: that it is missing
   * would tell them what is in it.
   */
  readonly leavesOut: boolean;
}

/** The read models that an answer rests on, for waiting until they hold a position. */
export function listedFrom(question: Pick<ListQuestion, 'sort' | 'updated' | 'words'>): readonly string[] {
  const onEvents = isAboutLastEvents(question) || question.words !== undefined;
  return onEvents ? [ticketProjection.name, ticketEventProjection.name] : [ticketProjection.name];
}

export async function ticketPage(
  queries: Queries,
  workflows: Workflows,
  question: ListQuestion,
  wanted: PageWanted,
): Promise<ListPage> {
  const common = question.words !== undefined && (await areCommon(queries, question.words, wanted.limit));
  const { text, values } = pageStatement(question, wanted, common);
  const rows = await queries.query<PageRow>(text, values);
  return {
    position: rows[0]?.as_of_position ?? 0,
    tickets: rows.filter(hasTicket).map((row) => {
      const { ticket, updatedAt, partition, position } = entryOfRow(row, workflows);
      return { ticket, updatedAt, partition, position, key: keyOf(question.sort, row) };
    }),
  };
}

type PageRow = { readonly as_of_position: number } & (ListRow | { readonly ticket_id: null });

/**
 * Words that many tickets or comments answer are looked for in tickets as they come in the order of the list;
 * else all that answer are found first, by index, and then ordered. Of n tickets, m of which answer, the
 * first looks at about n/m for each one of the page, and the second at m: they meet where m² is the page
 * times n. At most these are found first, however many tickets there are.
 */
export const foundFirstMax = 5_000;

/** From how many places on words are common. */
export function commonFrom(tickets: number, limit: number): number {
  return Math.min(foundFirstMax, Math.ceil(Math.sqrt(limit * tickets)));
}

async function areCommon(queries: Queries, words: string, limit: number): Promise<boolean> {
  const placesMin = commonFrom(await ticketsEstimated(queries), limit);
  const [found] = await queries.query<{ places: number }>(
    `SELECT count(*) AS places FROM (
  (SELECT FROM docket.ticket WHERE ${fieldsDocument('fields')} @@ (${wantedWordsQuery('$1::text')}) LIMIT $2)
  UNION ALL (SELECT FROM docket.ticket_event
    WHERE ${isCommentEvent} AND ${commentDocument} @@ (${wantedWordsQuery('$1::text')}) LIMIT $2)
) AS answering`,
    [words, placesMin],
  );
  return (found?.places ?? 0) >= placesMin;
}

/** Of a row of `docket.ticket`, until PostgreSQL has counted them: the load tests' tickets take 540. */
const ticketBytesGuessed = 600;

/** As PostgreSQL's planner has it: by how large the table is now, and how dense it was when last counted. */
async function ticketsEstimated(queries: Queries): Promise<number> {
  const [live] = await queries.query<{ tickets: number }>(
    `SELECT pg_relation_size(oid) * CASE WHEN reltuples > 0 AND relpages > 0
    THEN reltuples::float8 / (relpages * current_setting('block_size')::integer) ELSE 1.0 / $3 END AS tickets
FROM pg_class JOIN docket.projection_build AS live ON oid = to_regclass($1::text || live.build)
WHERE projection = $2 AND state = 'live'`,
    [buildTablePrefix(ticketTable), ticketProjection.name, ticketBytesGuessed],
  );
  return live?.tickets ?? 0;
}

/** The statement of one page and its values; on its own so that its plans can be looked at. */
export function pageStatement(
  question: ListQuestion,
  { after, limit, leavesOut }: PageWanted,
  commonWords = false,
): { readonly text: string; readonly values: readonly SqlValue[] } {
  const { sort, descending, words } = question;
  const columns = listOrders[sort];
  const filters = new ListFilters();
  const foundFirst = words !== undefined && !commonWords;
  const answers = words === undefined ? undefined : answersWords(filters, words, leavesOut);
  if (answers !== undefined && commonWords) filters.require(answersInPlace(answers));
  filters.addAll(question, isAboutLastEvents(question) && !foundFirst);
  if (after !== undefined) {
    filters.add((first) => comesAfter(orderedBy(question, foundFirst), descending, after, first));
  }
  const direction = descending ? 'DESC' : 'ASC';
  const order = (names: readonly string[]) => names.map((name) => `${name} ${direction}`).join(', ');
  const names = orderedBy(question, foundFirst).map(({ expression }) => expression);
  const before = answers !== undefined && foundFirst ? foundByWords(answers) : '';
  const text = `${before}SELECT as_of.position AS as_of_position, page.*
FROM (${positionText(filters.parameter([...listedFrom(question)]))}) AS as_of LEFT JOIN (
  SELECT ${listedColumns}
  FROM ${sourceOf(question, foundFirst)}
  WHERE ${filters.text()}
  ORDER BY ${order(names)} LIMIT ${filters.parameter(limit)}
) AS page ON true
ORDER BY ${order(columns.map(({ name }) => `page.${name}`))}`;
  return { text, values: filters.values };
}

/** Whether it is asked when tickets last changed, be it as a filter or for the order. */
function isAboutLastEvents({ sort, updated }: Pick<ListQuestion, 'sort' | 'updated'>): boolean {
  return sort === 'updated' || updated !== undefined;
}

/**
 * No index says when a ticket last changed: it would be touched by every event. The events themselves are in
 * that order, and each ticket is taken where its last one is. With words, few tickets are left to be sorted.
 */
function sourceOf(question: ListQuestion, foundFirst: boolean): string {
  if (foundFirst) return 'found JOIN docket.ticket AS t USING (ticket_id)';
  if (isAboutLastEvents(question)) {
    return `docket.ticket_event AS last
    JOIN docket.ticket AS t ON t.ticket_id = last.ticket_id AND t.revision = last.revision`;
  }
  return 'docket.ticket AS t';
}

function orderedBy({ sort }: ListQuestion, foundFirst: boolean) {
  const columns = listOrders[sort];
  if (sort !== 'updated' || foundFirst) return columns;
  return columns.map((each) => ({ ...each, expression: each.expression.replace('t.', 'last.') }));
}

interface WordsAnswered {
  /** The condition that a document answers the words. */
  readonly by: (document: string) => string;
  /** The words as they came, for a ticket's id. */
  readonly words: string;
}

function answersWords(filters: ListFilters, words: string, leavesOut: boolean): WordsAnswered {
  const parameter = `${filters.parameter(words)}::text`;
  const query = leavesOut ? wordsQuery(parameter) : wantedWordsQuery(parameter);
  return { by: (document) => `${document} @@ (${query})`, words: parameter };
}

/** Tickets whose fields or one of whose comments answer the words, or whose id they are. */
function foundByWords({ by, words }: WordsAnswered): string {
  return `WITH found AS MATERIALIZED (
  SELECT ticket_id FROM docket.ticket WHERE ${by(fieldsDocument('fields'))}
  UNION SELECT ticket_id FROM docket.ticket_event WHERE ${isCommentEvent} AND ${by(commentDocument)}
  UNION SELECT ${words}
)
`;
}

/** The same of the ticket that is being looked at. */
function answersInPlace({ by, words }: WordsAnswered): string {
  return `(t.ticket_id = ${words} OR ${by(fieldsDocument('t.fields'))} OR EXISTS (
      SELECT FROM docket.ticket_event AS said WHERE said.ticket_id = t.ticket_id AND ${isCommentEvent}
        AND ${by(commentDocument)}
    ))`;
}

function positionText(projections: string): string {
  return `SELECT coalesce(min(held), 0) AS position FROM (
    SELECT sum(position)::bigint AS held
    FROM docket.projection_checkpoint JOIN docket.projection_build USING (projection, build)
    WHERE state = 'live' AND projection = ANY(${projections}::text[]) GROUP BY projection
  ) AS each`;
}

/** What of a ticket somebody may see, for words to be looked for in it. */
export interface VisibleWords {
  readonly ticketId: TicketId;
  /** The fields that may be seen. */
  readonly fields: object;
  readonly publicComments: boolean;
  readonly internalComments: boolean;
}

/** Which of the tickets answer the words by what may be seen of them alone. */
export async function answeringVisibly(
  queries: Queries,
  words: string,
  tickets: readonly VisibleWords[],
): Promise<ReadonlySet<TicketId>> {
  const rows = await queries.query<{ ticket_id: TicketId }>(visibleText, [
    words,
    tickets.map(({ ticketId }) => ticketId),
    tickets.map(({ fields }) => JSON.stringify(fields)),
    tickets.map(({ publicComments }) => publicComments),
    tickets.map(({ internalComments }) => internalComments),
  ]);
  return new Set(rows.map(({ ticket_id }) => ticket_id));
}

const visibleText = `WITH seen AS (
  SELECT * FROM unnest($2::text[], $3::text[], $4::boolean[], $5::boolean[])
    AS seen (ticket_id, fields, public_comments, internal_comments)
)
SELECT ticket_id FROM seen WHERE ${fieldsDocument('fields::jsonb')} @@ ${wordsQuery('$1')} OR ticket_id = $1
UNION SELECT ticket_id FROM docket.ticket_event JOIN seen USING (ticket_id)
WHERE ${isCommentEvent} AND ${commentDocument} @@ ${wordsQuery('$1')}
  AND CASE WHEN ${isPublicComment} THEN public_comments ELSE internal_comments END`;

function hasTicket(row: PageRow): row is { readonly as_of_position: number } & ListRow {
  return row.ticket_id !== null;
}
