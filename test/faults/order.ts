/**
 * Proves from a trace that no answer left before its command was durable: between the command's arrival and
 * the system call that sends its answer there must be a write of it to a segment, and after that a sync of
 * the same file which returned 0. A write counts only where the command's id stands in its bytes, so that one
 * command can not pass for another; a sync that strace forged does not count at all.
 */
import { basename, dirname, join } from 'node:path';
import { segmentName } from '../../adapters/log/segment/format.ts';
import { decodeWatermark, watermarkName } from '../../adapters/log/segment/watermark.ts';
import { type Call, extentOf, stringBytes } from './trace.ts';

/** A command and its answer, by the lines of the trace. */
export interface Exchange {
  readonly commandId: string;
  readonly arrived: number;
  readonly answered: number;
}

/** Of a process that tells on stdout: what it issued and acknowledged. */
export function toldExchanges(calls: readonly Call[]): Exchange[] {
  const arrivals = new Map<string, number>();
  return calls.flatMap((call) => {
    const [, word, commandId = ''] = /^1(?:<.*?>)?, "(issued|acknowledged) ([\w.-]+)/.exec(call.args) ?? [];
    if (call.name !== 'write' || word === undefined) return [];
    if (word === 'issued') arrivals.set(commandId, call.began);
    const arrived = arrivals.get(commandId);
    if (word === 'issued' || arrived === undefined) return [];
    return [{ commandId, arrived, answered: call.began }];
  });
}

/** Of a server: on each connection a request is read, then an answer of success is written. */
export function httpExchanges(calls: readonly Call[]): Exchange[] {
  const arrivals = new Map<string, { readonly commandId: string; readonly arrived: number }>();
  return calls.flatMap((call) => {
    const socket = call.path;
    if (socket?.startsWith('socket:') !== true) return [];
    const commandId = /\\"commandId\\":\\"([\w.-]+)\\"/.exec(call.args)?.[1];
    if (call.name === 'read' && commandId !== undefined) {
      arrivals.set(socket, { commandId, arrived: call.ended });
    }
    const arrival = arrivals.get(socket);
    const answers = call.name !== 'read' && call.args.includes('"HTTP/1.1 2');
    return answers && arrival !== undefined ? [{ ...arrival, answered: call.began }] : [];
  });
}

/** One sentence for each answer that left too early; none is the proof. */
export function earlyAnswers(calls: readonly Call[], exchanges: readonly Exchange[]): string[] {
  return exchanges.flatMap(({ commandId, arrived, answered }) => {
    const writes = calls.filter(
      (call) => isSegmentWrite(call) && call.began > arrived && call.args.includes(commandId),
    );
    const durable = writes.some((write) => syncedAt(calls, write) < answered);
    if (durable) return [];
    const what = writes.length === 0 ? 'was not written' : 'was written, but not synced';
    return [`${commandId} ${what} to a segment before its answer left (line ${answered + 1} of the trace)`];
  });
}

/**
 * The other way in which the log speaks: the `durable` file, by which readers in other processes go. Each
 * end that it tells must be the end of a write that was synced before.
 */
export function earlyMarks(calls: readonly Call[]): string[] {
  return calls.flatMap((call) => {
    if (call.name !== 'pwrite64' || basename(call.path ?? '') !== watermarkName) return [];
    const mark = decodeWatermark(stringBytes(call));
    // The first mark of an empty log tells nothing.
    if (mark === undefined || mark.lastPosition === 0) return [];
    const segment = join(dirname(call.path ?? ''), segmentName(mark.segment));
    const told = calls.some((write) => {
      if (!isSegmentWrite(write) || write.path !== segment) return false;
      const { length, offset } = extentOf(write);
      return offset + length === mark.offset && syncedAt(calls, write) < call.began;
    });
    return told
      ? []
      : [`line ${call.began + 1} of the trace tells ${mark.offset} of ${segment} to be durable`];
  });
}

function isSegmentWrite(call: Call): boolean {
  if (call.name !== 'pwrite64' || call.injected || call.path?.endsWith('.seg') !== true) return false;
  return call.result === extentOf(call).length;
}

/** The line on which the first sync after a write had returned; infinity where none did. */
function syncedAt(calls: readonly Call[], write: Call): number {
  const sync = calls.find(
    ({ name, path, began, result, injected }) =>
      (name === 'fdatasync' || name === 'fsync') &&
      path === write.path &&
      began > write.ended &&
      result === 0 &&
      !injected,
  );
  return sync?.ended ?? Number.POSITIVE_INFINITY;
}
