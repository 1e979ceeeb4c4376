/**
 * How a stream of commands ends: when it has taken too long, what its last line says, and that its connection
 * does not stay open for lines that nobody takes.
 */
import type { IncomingMessage } from 'node:http';
import { constants } from 'node:http2';
import type { Outcome } from '../../domain/ports.ts';
import type { HttpLimits } from './limits.ts';
import type { RefusedJson } from './outcome-json.ts';
import type { Problem } from './problem.ts';

interface EndingOptions {
  readonly request: IncomingMessage;
  readonly firstLine: number;
  readonly limits: Pick<HttpLimits, 'bulkSilenceMsMax' | 'bulkStreamMsMax' | 'bulkLingerMs'>;
  readonly onEnd: () => void;
}

export class BulkEnding {
  readonly #options: EndingOptions;
  readonly #silence: NodeJS.Timeout;
  readonly #whole: NodeJS.Timeout;
  #told = false;
  #isOver = false;
  #line: number;
  #accepted = 0;
  #rejected = 0;
  #position = 0;

  /** `onLate` is told why the stream has to end now. */
  constructor(options: EndingOptions, onLate: (why: string) => void) {
    const { bulkSilenceMsMax, bulkStreamMsMax } = options.limits;
    this.#options = options;
    this.#line = options.firstLine - 1;
    this.#silence = setTimeout(
      () => onLate(`nothing came or went for ${bulkSilenceMsMax} ms; go on from the next line`),
      bulkSilenceMsMax,
    );
    this.#whole = setTimeout(
      () => onLate(`one stream may take ${bulkStreamMsMax} ms; go on from the next line in another one`),
      bulkStreamMsMax,
    );
  }

  /** Whether the last line has been said. */
  get told(): boolean {
    return this.#told;
  }

  /** Something came or went. */
  progress(): void {
    if (!this.#isOver && !this.#told) this.#silence.refresh();
  }

  count(outcome: Outcome | RefusedJson): void {
    if (outcome.status === 'accepted') {
      this.#accepted += 1;
      if (outcome.position > this.#position) this.#position = outcome.position;
    } else this.#rejected += 1;
  }

  /** Every line up to this one is answered. */
  answeredTo(line: number): void {
    this.#line = line;
  }

  /** The last line. */
  tell(why: 'end' | Problem): string {
    this.#told = true;
    this.#stopTimers();
    const { firstLine, limits, request } = this.#options;
    const lines = this.#line - firstLine + 1;
    const counted = { lines, accepted: this.#accepted, rejected: this.#rejected, position: this.#position };
    if (why === 'end') return `${JSON.stringify({ done: counted })}\n`;
    const linger = setTimeout(() => {
      if (!this.#isOver || !request.complete) cut(request);
    }, limits.bulkLingerMs);
    linger.unref();
    return `${JSON.stringify({ problem: why, line: this.#line, ...counted })}\n`;
  }

  /** Nobody reads the answers any more, or all of them have been read. */
  over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopTimers();
    this.#options.onEnd();
  }

  #stopTimers(): void {
    clearTimeout(this.#silence);
    clearTimeout(this.#whole);
  }
}

/** Takes nothing more of a request: its connection is closed, or over HTTP/2 its stream alone. */
function cut(request: IncomingMessage): void {
  const stream: unknown = Reflect.get(request, 'stream');
  // The answer is whole, so the caller is only asked to stop (RFC 9113, 8.1).
  if (isHttp2Stream(stream)) stream.close(constants.NGHTTP2_NO_ERROR);
  else request.destroy();
}

function isHttp2Stream(stream: unknown): stream is { close(code: number): void } {
  return typeof stream === 'object' && stream !== null && 'rstCode' in stream && 'close' in stream;
}
