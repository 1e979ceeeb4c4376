/**
 * How the two built-in workflows say the same things: going on hold, coming back, starting work; and what
 * only one of them knows. It must never say anything that the workflow's machine does not allow.
 */
import { autoCloseAfterMs } from '../../domain/workflow/guards.ts';
import type { Chore, DeskTicket, Draft } from './desk.ts';
import type { Random } from './random.ts';
import type { Phase } from './rates.ts';

export interface HoldTimer {
  readonly until: number;
  readonly timerId: string;
}

export type HoldPhase = Extract<Phase, 'caller' | 'vendor' | 'problem' | 'evidence'>;

export interface Dialect {
  readonly workflow: 'support' | 'incident';
  /** Share of tickets that are offered to an agent, who may decline, instead of being assigned. */
  readonly offerShare: number;
  /** Chance of each small thing per stay in work. Reassignments come from the rates instead. */
  readonly chores: readonly (readonly [Chore, number])[];
  readonly followUpShare: number;
  readonly closeAfterMs: number;
  /** What an agent sends when the work begins, beside taking the ticket. */
  readonly beginning: readonly Draft[];
  hold(from: DeskTicket['phase'], to: HoldPhase, timer: HoldTimer | undefined): readonly Draft[];
  /** What the requester sends to have a resolved ticket worked on again. */
  reopening(random: Random): Draft;
}

export function isHold(phase: DeskTicket['phase']): phase is HoldPhase {
  return phase === 'caller' || phase === 'vendor' || phase === 'problem' || phase === 'evidence';
}

const question = {
  body: 'Please tell us more: what did you do just before, and what did you see?',
  public: true,
};
const stillBroken = 'It happens again.';

const support: Dialect = {
  workflow: 'support',
  offerShare: 0.5,
  chores: [
    ['comment', 0.3],
    ['escalate', 0.05],
    ['prioritise', 0.05],
    ['link', 0.02],
    ['remove', 0.02],
    ['offline', 0.02],
    ['merge', 0.01],
  ],
  followUpShare: 0.01,
  closeAfterMs: autoCloseAfterMs,
  beginning: [],
  hold(from, to, timer) {
    if (to === 'caller') return [{ type: 'AwaitRequester', data: { comment: question, ...timer } }];
    const held: Draft = { type: 'HoldTicket', data: { reason: to, ...timer } };
    // A held ticket is resumed before it is held for another reason; one that waits for its requester is not.
    return isHold(from) && from !== 'caller' ? [{ type: 'ResumeTicket', data: {} }, held] : [held];
  },
  reopening: (random) =>
    random.chance(0.7)
      ? { type: 'RecordRequesterReply', data: { body: stillBroken } }
      : { type: 'ReopenTicket', data: { reason: stillBroken } },
};

const incident: Dialect = {
  workflow: 'incident',
  offerShare: 0,
  chores: [
    ['comment', 0.3],
    ['prioritise', 0.05],
    ['link', 0.02],
  ],
  followUpShare: 0,
  closeAfterMs: 0,
  beginning: [{ type: 'StartWork', data: {} }],
  hold(_from, to, timer) {
    const told = to === 'caller' ? { comment: question } : {};
    return [{ type: 'HoldTicket', data: { reason: to, ...told, ...timer } }];
  },
  reopening: () => ({ type: 'ReopenTicket', data: { reason: stillBroken } }),
};

export const dialects = { support, incident } as const satisfies Record<string, Dialect>;
