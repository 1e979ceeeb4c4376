/**
 * How the words of tickets are found: the documents that full-text search looks through, as expressions that
 * indexes are made of and queries repeat. A ticket's fields are one document, each comment is another.
 *
 * Words are compared without regard to case and otherwise as they are (`simple`): tickets come in all
 * languages, and a stemmer for one of them would find less in the others.
 */
import type { EventType } from '../domain/ticket/events.ts';

/**
 * Fields beyond this many bytes as JSON are searched by subject and description alone: PostgreSQL refuses a
 * document of more than 1 MiB, and would refuse the ticket's row with it.
 */
export const searchedFieldsBytesMax = 400_000;

/** The document of all texts in fields, and in lists of texts; names of fields are not in it. */
export function fieldsDocument(fields: string): string {
  return `CASE WHEN octet_length((${fields})::text) <= ${searchedFieldsBytesMax}
    THEN jsonb_to_tsvector('simple', ${fields}, '["string"]')
    ELSE to_tsvector('simple', coalesce(${fields} ->> 'subject', '') || ' ' || coalesce(${fields} ->> 'description', ''))
  END`;
}

/**
 * PostgreSQL puts new entries of a GIN index on a list, which every search reads through, and sorts them in
 * when it is full, by default at 4 MB: among 26,000 new tickets a word's scan took 6.9 ms, and 2.5 ms with
 * this many kB. Without any list the projector would sort in each row by itself.
 */
export const ginListOption = 'WITH (gin_pending_list_limit = 256)';

/** Events that bring a comment, or may. */
const commentEvents: readonly EventType[] = [
  'CommentAdded',
  'RequesterReplied',
  'RequesterAwaited',
  'TicketHeld',
];

export const isCommentEvent = `type IN (${commentEvents.map((type) => `'${type}'`).join(', ')})`;

/** The document of an event's comment. */
export const commentDocument = `to_tsvector('simple', coalesce(data ->> 'body', data #>> '{comment,body}', ''))`;

/** Whether an event's comment is for the requester's eyes; a reply of theirs always is. */
export const isPublicComment = `(type = 'RequesterReplied'
  OR coalesce(data ->> 'public', data #>> '{comment,public}') = 'true')`;

/**
 * A search in the words of the web (`printer -fire "out of paper" or toner`) as a query, of a parameter. One
 * that only leaves out finds nothing: nearly every ticket would answer it.
 */
export function wordsQuery(parameter: string): string {
  const query = `websearch_to_tsquery('simple', ${parameter})`;
  return `CASE WHEN querytree(${query}) IN ('', 'T') THEN ''::tsquery ELSE ${query} END`;
}

/** The same without what it leaves out: whatever a part of a document answers, the whole answers too. */
export function wantedWordsQuery(parameter: string): string {
  const query = `querytree(websearch_to_tsquery('simple', ${parameter}))`;
  return `CASE WHEN ${query} IN ('', 'T') THEN ''::tsquery ELSE ${query}::tsquery END`;
}
