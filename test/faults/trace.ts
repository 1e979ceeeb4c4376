/**
 * Reads what `strace -f -y -ttt` wrote: one `Call` for each system call, put together again where strace
 * broke it up because another thread came in between.
 *
 * Order is told by the lines, not by the times: strace stops a thread before a call begins and again when it
 * has ended, and writes a line down before it lets the thread go on. So a call whose end is on an earlier
 * line than another's beginning had ended before the other began. It must never guess: a line that it does
 * not understand is an error.
 */

export interface Call {
  readonly thread: number;
  readonly name: string;
  readonly args: string;
  /** The file it is about: by descriptor, or by its first path. */
  readonly path: string | undefined;
  /** Undefined for a call that never returned, as when the process was killed in it. */
  readonly result: number | undefined;
  readonly error: string | undefined;
  /** Whether strace tampered with it: its result is a lie, and it was not carried out. */
  readonly injected: boolean;
  /** Lines of the trace on which it began and ended; it never ended at infinity. */
  readonly began: number;
  readonly ended: number;
}

interface Open {
  readonly thread: number;
  readonly name: string;
  readonly args: string;
  readonly began: number;
}

// Of a thread that dies while strace looks at it, not even the name of its call can be told: `???`.
const lineForm = /^(?<thread>\d+) +[\d.]+ (?<what>.*)$/s;
const wholeForm = /^(?<name>\w+|\?\?\?)\((?<args>.*)\)\s+= (?<result>.*)$/s;
const unfinishedForm = /^(?<name>\w+|\?\?\?)\((?<args>.*?),? ?<(?:unfinished|detached) \.\.\.>$/s;
const resumedForm = /^<\.\.\. (?<name>\w+|\?\?\?) resumed>(?<args>.*)\)\s+= (?<result>.*)$/s;
const resultForm = /^(?<value>-?\d+|\?)(?:<.*?>)?(?: (?<error>E[A-Z0-9]+) \(.*?\))?(?<rest>.*)$/s;

/** The calls in the order of their beginnings. */
export function parseTrace(text: string): Call[] {
  const calls: Call[] = [];
  const open = new Map<number, Open>();
  for (const [at, line] of text.split('\n').entries()) {
    const { thread: threadText, what } = lineForm.exec(line)?.groups ?? {};
    if (what === undefined && line !== '') throw new Error(`not a line of a trace: ${line}`);
    if (what === undefined || what.startsWith('+++') || what.startsWith('---')) continue;
    const thread = Number(threadText);
    const resumed = resumedForm.exec(what)?.groups;
    const whole = resumed === undefined ? wholeForm.exec(what)?.groups : undefined;
    const unfinished = unfinishedForm.exec(what)?.groups;
    if (resumed !== undefined) {
      const start = open.get(thread);
      if (start === undefined || start.name !== resumed.name)
        throw new Error(`resumed without a beginning: ${line}`);
      open.delete(thread);
      calls.push(finish({ ...start, args: start.args + resumed.args }, resumed.result ?? '', at));
    } else if (whole !== undefined) {
      calls.push(finish({ ...nameAndArgs(whole), thread, began: at }, whole.result ?? '', at));
    } else if (unfinished !== undefined) {
      open.set(thread, { ...nameAndArgs(unfinished), thread, began: at });
    } else if (!what.startsWith('<...')) {
      throw new Error(`not a line of a trace: ${line}`);
    }
  }
  for (const start of open.values()) calls.push(finish(start, '?', Number.POSITIVE_INFINITY));
  return calls.sort((left, right) => left.began - right.began);
}

/** The bytes of a call's n-th string, as far as strace was told to write them. */
export function stringBytes(call: Call, nth = 0): Buffer {
  const quoted = [...call.args.matchAll(/"((?:[^"\\]|\\.)*)"/gs)][nth]?.[1];
  if (quoted === undefined) throw new Error(`${call.name} has no string ${nth}: ${call.args}`);
  const bytes: number[] = [];
  for (const [piece] of quoted.matchAll(/\\(?:[0-7]{1,3}|x[0-9a-f]{2}|.)|[^\\]/gs)) bytes.push(byteOf(piece));
  return Buffer.from(bytes);
}

/** Where a pwrite64 wrote, and how much it was asked to. */
export function extentOf(call: Call): { readonly length: number; readonly offset: number } {
  const numbers = /, (?<length>\d+), (?<offset>\d+)$/.exec(call.args)?.groups;
  if (numbers === undefined) throw new Error(`${call.name} tells no offset: ${call.args}`);
  return { length: Number(numbers.length), offset: Number(numbers.offset) };
}

function nameAndArgs(groups: Record<string, string | undefined>): { name: string; args: string } {
  return { name: groups.name ?? '', args: groups.args ?? '' };
}

function finish(start: Open, resultText: string, ended: number): Call {
  const { value, error, rest = '' } = resultForm.exec(resultText)?.groups ?? {};
  if (value === undefined) throw new Error(`not a result of ${start.name}: ${resultText}`);
  const path = /^\d+<(?<path>.*?)>/.exec(start.args)?.groups?.path ?? /"(.*?)"/.exec(start.args)?.[1];
  const result = value === '?' ? undefined : Number(value);
  // A killed call is written as returned, on the line of its beginning, but nobody saw it return.
  const end = result === undefined ? Number.POSITIVE_INFINITY : ended;
  return { ...start, path, result, error, injected: rest.includes('(INJECTED)'), ended: end };
}

const named: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, v: 11, f: 12 };

function byteOf(piece: string): number {
  if (piece.length === 1) return piece.charCodeAt(0);
  const escaped = piece.slice(1);
  if (/^[0-7]+$/.test(escaped)) return Number.parseInt(escaped, 8);
  if (/^x[0-9a-f]{2}$/.test(escaped)) return Number.parseInt(escaped.slice(1), 16);
  return named[escaped] ?? escaped.charCodeAt(0);
}
