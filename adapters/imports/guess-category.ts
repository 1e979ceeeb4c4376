/**
 * A first guess at the category of a state, from how a log uses it and from words in its name, English and
 * common tools' own. A draft's reader corrects it: metrics bind to categories.
 */
import type { Category } from '../../domain/workflow/transition.ts';

export interface StateUse {
  /** Whether all cases begin in it. */
  readonly isOnlyStart: boolean;
  /** Cases that begin in it. */
  readonly starts: number;
  /** Cases that end in it. */
  readonly ends: number;
  /** Whether any way of the draft leads from it to another state. */
  readonly left: boolean;
  /** How often it was left for another state, or was the end. */
  readonly exits: number;
}

/** A state is taken for the end of the work where this share of its visits were the last of their case. */
export const endShareMin = 0.1;

/** Words that say what is waited for; the first that fits decides. */
const words: readonly (readonly [RegExp, Category])[] = [
  [/\b(cancel|cancell?ed|withdrawn|rejected|declined|aborted|duplicate|spam)\b/, 'cancelled'],
  [
    /\b(await|awaiting|wait|waiting|pending)\b.*\b(user|customer|caller|requester|client|info|reply)\b/,
    'pending',
  ],
  [/\bpending\b/, 'pending'],
  [/\b(hold|held|await|awaiting|wait|waiting|suspend|suspended|stalled|snoozed|paused|blocked)\b/, 'hold'],
  [/\b(resolved|solved|fixed)\b/, 'resolved'],
  [/\b(new|opened|created|registered|submitted|received)\b/, 'new'],
];

export function guessCategory(name: string, use: StateUse): Category {
  const word = wordOf(name);
  if (!use.left && use.ends > 0) return word === 'cancelled' ? 'cancelled' : 'closed';
  if (use.isOnlyStart || (word === 'new' && use.starts > 0)) return 'new';
  if (word !== undefined && word !== 'cancelled' && word !== 'new') return word;
  return use.exits > 0 && use.ends / use.exits >= endShareMin ? 'resolved' : 'open';
}

function wordOf(name: string): Category | undefined {
  const text = name.toLowerCase().replaceAll(/[^\p{L}]+/gu, ' ');
  return words.find(([pattern]) => pattern.test(text))?.[1];
}
