/**
 * Commands that arrive as a stream of lines, and their outcomes as a stream of lines going back, in order and
 * while more lines come. What is in between is bounded: beyond it nothing more is read from the connection,
 * so that a caller who sends faster than the log writes, or does not read its answers, waits.
 *
 * The last line always says how the stream ended, and how far everything was answered.
 */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { CommandSink, Outcome } from '../../domain/ports.ts';
import { BulkEnding } from './bulk-ending.ts';
import { type LineBlock, Lines } from './bulk-lines.ts';
import { type BulkLines, BulkReader } from './bulk-reader.ts';
import { reportedProblemOf } from './failures.ts';
import type { Asked } from './idempotency.ts';
import type { HttpLimits } from './limits.ts';
import type { Load } from './load.ts';
import type { RefusedJson } from './outcome-json.ts';
import { outcomeLine } from './outcome-text.ts';
import { type HttpErrorCode, type Problem, problem } from './problem.ts';

export interface BulkStreamOptions {
  readonly caller: Asked;
  /** The body, decoded. */
  readonly input: Readable;
  /** The request whose body that is. */
  readonly request: IncomingMessage;
  readonly sink: CommandSink;
  readonly firstLine: number;
  /** What the ids of commands without one begin with. */
  readonly commandId: string | undefined;
  readonly limits: HttpLimits;
  readonly load: Load;
  /** Takes commands from the caller's quota: 0, or milliseconds until they should be asked for again. */
  readonly pace: (commands: number) => number;
  /** Whether the server was told to stop: a stream must not keep it. */
  readonly stopping: () => boolean;
  /** Called once, when nothing of the stream is under way any more or its caller has gone. */
  readonly onEnd: () => void;
  /** Told of what ends the stream and is not its caller's mistake. */
  readonly report: (error: unknown) => void;
}

/**
 * Nothing more is read until so much is left of what was too much. Were it just below the bound, one piece at
 * a time would be read, and TCP, whose window then never opens wide enough to be told of, would wait for its
 * timers between them.
 */
const resumeShare = 0.5;

/** Lines that were submitted together, until those before them are answered. */
interface Batch {
  readonly read: BulkLines;
  readonly lines: number;
  readonly bytes: number;
  outcomes: readonly Outcome[] | undefined;
  failure: Problem | undefined;
}

/** Answers a stream: what is read from the result is the body of the answer. It never emits an error. */
export function answerBulk(options: BulkStreamOptions): Readable {
  return new BulkStream(options).answers;
}

class BulkStream {
  readonly answers: Readable;
  readonly #options: BulkStreamOptions;
  readonly #lines: Lines;
  readonly #reader: BulkReader;
  readonly #ending: BulkEnding;
  #batches: Batch[] = [];
  #linesInFlight = 0;
  #bytesInFlight = 0;
  /** Bytes that came and are not in any batch yet. */
  #bytesBegun = 0;
  #lastRead: number;
  /** Whether its caller has left as many answers unread as there may be. */
  #answersFull = false;
  /** Whether its caller has used up its quota for the moment. */
  #paced = false;
  /** Why nothing more is taken: the input is at its end, or something went wrong. */
  #closing: 'end' | Problem | undefined;

  constructor(options: BulkStreamOptions) {
    const { input, limits, firstLine } = options;
    this.#options = options;
    this.#lines = new Lines(limits.bulkLineBytesMax);
    this.#reader = new BulkReader(options);
    this.#lastRead = firstLine - 1;
    this.#ending = new BulkEnding(options, (late) => this.#giveUp(late));
    this.answers = new Readable({
      highWaterMark: limits.bulkAnswerBytesMax,
      read: () => {
        this.#answersFull = false;
        this.#ending.progress();
        this.#flow();
      },
      destroy: (_error, done) => {
        this.#stopReading();
        this.#ending.over();
        done(null);
      },
    });
    input.on('data', this.#take).on('error', this.#broken);
    input.on('end', () => this.#end()).on('close', this.#broken);
  }

  readonly #take = (chunk: Buffer): void => {
    const { load, caller, stopping } = this.#options;
    this.#ending.progress();
    if (stopping()) {
      this.#close(problem('not_ready', 'the server stops; go on from the next line in another stream'));
      return;
    }
    try {
      load.takeBodyBytes(caller.raw, chunk.length);
    } catch (error) {
      this.#close(reportedProblemOf(error, this.#options.report));
      return;
    }
    this.#bytesBegun += chunk.length;
    this.#decide(this.#lines.push(chunk));
    this.#flow();
  };

  #end(): void {
    if (this.#closing !== undefined) return;
    this.#decide(this.#lines.end());
    this.#close('end');
  }

  /** A body that can not be decoded ends in an error; one whose caller has gone is closed without an end. */
  readonly #broken = (error?: Error): void => {
    if (this.#closing !== undefined) return;
    if (error === undefined || error === null) this.answers.destroy();
    else this.#close(problem('body_malformed', 'the stream is not what its content-encoding says'));
  };

  #decide(block: LineBlock | undefined): void {
    if (block === undefined) return;
    const { sink, caller, firstLine, limits } = this.#options;
    const read = this.#reader.read(block);
    const lines = read.lastLine - this.#lastRead;
    const bytes = this.#bytesBegun;
    const batch: Batch = { read, lines, bytes, outcomes: undefined, failure: undefined };
    this.#lastRead = read.lastLine;
    this.#bytesBegun = 0;
    this.#linesInFlight += lines;
    this.#bytesInFlight += bytes;
    this.#batches.push(batch);
    this.#pace(lines);
    sink.submit(read.commands, caller.guard, caller.requestId).then(
      (outcomes) => {
        batch.outcomes = outcomes;
        this.#answer();
      },
      (error: unknown) => {
        batch.failure = reportedProblemOf(error, this.#options.report);
        this.#answer();
      },
    );
    if (read.lastLine - firstLine + 1 < limits.bulkLinesMax) return;
    const detail = `one stream may have ${limits.bulkLinesMax} lines; send the others in another one`;
    this.#close(problem('too_many_items', detail));
  }

  /** Gives the answers that are there, as long as none before them is missing. */
  #answer(): void {
    let text = '';
    let first = this.#batches[0];
    while (first !== undefined && (first.outcomes !== undefined || first.failure !== undefined)) {
      if (first.failure !== undefined) {
        this.#closing = first.failure;
        this.#stopReading();
        this.#batches = [];
        break;
      }
      text += this.#textOf(first.read, first.outcomes ?? []);
      this.#release(first);
      this.#batches.shift();
      first = this.#batches[0];
    }
    if (this.answers.destroyed || this.#ending.told) return;
    if (text !== '') {
      this.#ending.progress();
      this.#answersFull = !this.answers.push(text);
    }
    this.#flow();
    this.#finish();
  }

  #textOf({ lines, refused, lastLine }: BulkLines, outcomes: readonly Outcome[]): string {
    let text = '';
    const tell = (line: number, outcome: Outcome | RefusedJson) => {
      text += outcomeLine(line, outcome);
      this.#ending.count(outcome);
    };
    const malformed = [...refused];
    let next = 0;
    for (let index = 0; index < outcomes.length; index += 1) {
      const [line = 0, outcome] = [lines[index], outcomes[index]];
      for (; next < malformed.length && (malformed[next]?.[0] ?? line) < line; next += 1) {
        const before = malformed[next];
        if (before !== undefined) tell(...before);
      }
      if (outcome !== undefined) tell(line, outcome);
    }
    for (const rest of malformed.slice(next)) tell(...rest);
    this.#ending.answeredTo(lastLine);
    return text;
  }

  #release({ lines, bytes }: Batch): void {
    const { load, caller } = this.#options;
    this.#linesInFlight -= lines;
    this.#bytesInFlight -= bytes;
    load.giveBodyBytes(caller.raw, bytes);
  }

  /** What has come is carried out; the quota decides when more may come. */
  #pace(commands: number): void {
    const waitMs = this.#options.pace(commands);
    this.#paced = waitMs > 0;
    if (!this.#paced) return;
    setTimeout(() => {
      this.#pace(commands);
      this.#flow();
    }, waitMs).unref();
  }

  /** Reads on, or lets the caller wait. */
  #flow(): void {
    const { input } = this.#options;
    if (this.#closing !== undefined) return;
    if (!input.isPaused()) {
      if (this.#holds(1)) input.pause();
    } else if (!this.#holds(resumeShare)) input.resume();
  }

  /** Whether there is this share, or more, of anything that there may be. */
  #holds(share: number): boolean {
    const { bulkLinesInFlightMax, bulkBytesInFlightMax } = this.#options.limits;
    return (
      this.#answersFull ||
      this.#paced ||
      this.#linesInFlight >= bulkLinesInFlightMax * share ||
      this.#bytesInFlight >= bulkBytesInFlightMax * share
    );
  }

  /** Takes nothing more; what was taken is still answered. */
  #close(why: 'end' | Problem): void {
    if (this.#closing !== undefined) return;
    this.#closing = why;
    if (why !== 'end') this.#stopReading();
    this.#finish();
  }

  #finish(): void {
    if (this.#closing === undefined || this.#batches.length > 0) return;
    this.#tellEnd(this.#closing);
  }

  /** Too late for anything that is still missing. */
  #giveUp(detail: string): void {
    const code: HttpErrorCode = this.#batches.length > 0 ? 'answer_timeout' : 'request_timeout';
    this.#closing = problem(code, detail);
    this.#stopReading();
    this.#batches = [];
    this.#tellEnd(this.#closing);
  }

  #tellEnd(why: 'end' | Problem): void {
    if (this.#ending.told || this.answers.destroyed) return;
    this.answers.push(this.#ending.tell(why));
    this.answers.push(null);
  }

  #stopReading(): void {
    const { input } = this.#options;
    this.#closing ??= 'end';
    input.off('data', this.#take);
    // What still arrives is dropped until the caller has had time to read why.
    input.resume();
  }
}
