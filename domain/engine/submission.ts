/** One call of `submit`: its commands, its answers as they come, and its caller, told when all are there. */
import type { CommandGuard } from '../access/guard.ts';
import type { Outcome } from '../ports.ts';
import type { Command } from '../ticket/commands.ts';

/**
 * The submissions that have unanswered commands, in no order. An array and not a `Set`, for the same reason
 * for which `UnansweredCommands` has two maps.
 */
export class OpenSubmissions {
  #list: Submission[] = [];

  add(submission: Submission): void {
    submission.openIndex = this.#list.length;
    this.#list.push(submission);
  }

  remove(submission: Submission): void {
    const last = this.#list.pop();
    if (last === undefined || last === submission) return;
    this.#list[submission.openIndex] = last;
    last.openIndex = submission.openIndex;
  }

  /** Empties the list and returns what was in it. */
  takeAll(): readonly Submission[] {
    const all = this.#list;
    this.#list = [];
    return all;
  }
}

export class Submission {
  readonly commands: readonly Command[];
  /** What its caller may do; undefined where the caller is trusted. */
  readonly guard: CommandGuard | undefined;
  /** How many of its commands have been taken into a round. */
  taken = 0;
  /** Where it stands among the open ones. */
  openIndex = 0;
  /** When it was taken in and what its caller knows it by, where somebody measures. */
  sinceMs = 0;
  requestId: string | undefined = undefined;
  readonly #outcomes: Outcome[];
  readonly #resolve: (outcomes: readonly Outcome[]) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #onAnswer: (outcome: Outcome, last: Submission | undefined) => void;
  #open: number;

  /** `onAnswer` is told of every answer, and with the last one of the submission that it completes. */
  constructor(
    commands: readonly Command[],
    guard: CommandGuard | undefined,
    resolve: (outcomes: readonly Outcome[]) => void,
    reject: (reason: unknown) => void,
    onAnswer: (outcome: Outcome, completed: Submission | undefined) => void,
  ) {
    this.commands = commands;
    this.guard = guard;
    this.#outcomes = new Array(commands.length);
    this.#open = commands.length;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#onAnswer = onAnswer;
  }

  note(sinceMs: number, requestId: string | undefined): void {
    this.sinceMs = sinceMs;
    this.requestId = requestId;
  }

  answer(index: number, outcome: Outcome): void {
    // After a failure its caller has gone.
    if (this.#open === 0) return;
    this.#outcomes[index] = outcome;
    this.#open -= 1;
    const completed = this.#open === 0;
    this.#onAnswer(outcome, completed ? this : undefined);
    if (completed) this.#resolve(this.#outcomes);
  }

  /** Tells the caller that nothing is known of the commands that were not answered; returns how many. */
  fail(reason: unknown): number {
    const unanswered = this.#open;
    this.#open = 0;
    this.#reject(reason);
    return unanswered;
  }
}
