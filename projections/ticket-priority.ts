/**
 * How urgent a ticket is by the words that desks use for it, as a number that lists are ordered by. Priority
 * is a field like others, whose values nobody prescribes; the words are those of Zendesk, Jira, ServiceNow
 * (`1 - Critical`), GitHub labels (`p1`) and Zammad (`3 high`, whose digits run the other way).
 */
import { literal } from './table.ts';

/** By rank: 1 is the most urgent. */
const words: readonly (readonly string[])[] = [
  ['urgent', 'critical', 'blocker', 'highest', 'p1', '1', '1 - critical'],
  ['high', 'major', 'p2', '2', '2 - high', '3 high'],
  ['normal', 'medium', 'moderate', 'p3', '3', '3 - moderate', '2 normal'],
  ['low', 'minor', 'p4', '4', '4 - low', '1 low'],
  ['lowest', 'trivial', 'planning', 'p5', '5', '5 - planning'],
];

/** The rank of any other word, and that of none at all. */
const otherRank = words.length + 1;
const noneRank = words.length + 2;

/** The rank as an expression over a text that may be NULL. */
export function priorityRank(priority: string): string {
  const cases = words.map(
    (each, index) => `WHEN lower(${priority}) IN (${each.map(literal).join(', ')}) THEN ${index + 1}`,
  );
  return `(CASE WHEN ${priority} IS NULL THEN ${noneRank} ${cases.join(' ')} ELSE ${otherRank} END)`;
}
