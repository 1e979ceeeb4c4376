/**
 * What the processes under strace have in common: each opens a log, tells what it finds, and appends one
 * command at a time. Each line is one write to stdout, made at the moment it speaks of, so that "the answer
 * leaves" is a system call that a trace shows. Imports as little as it can: it is started hundreds of times.
 *
 *     recovered <command id> <position>   for each event that opening found
 *     opened | unopened <code>
 *     issued <command id>                 before the append
 *     acknowledged <command id> <position> | refused <command id> <code>
 *     closing, then closed | unclosed <code>
 *
 * Arguments: folder, first part of command ids, number of commands, and the mode of the log: `rotating`
 * unless told, `unrotated`, or `unsynced`, the one that never syncs and that the checker must catch.
 */
import { writeSync } from 'node:fs';
import { openSegmentLog, type SegmentLog } from '../../adapters/log/segment/segment-log.ts';
import { diskFiles } from '../../adapters/log/segment/storage.ts';
import { unsyncedFiles } from '../support/unsynced-files.ts';

/** So small that three commands fill a segment; or so large that none is ever full. */
const segmentBytesMax = { rotating: 420, unsynced: 420, unrotated: 64 * 1024 * 1024 };
export type Mode = keyof typeof segmentBytesMax;
/** Commands after the first refused one, to see that they are refused as well. */
const triesAfterRefusal = 2;

const [folder = '', run = '', commandCount = '', modeName] = process.argv.slice(2);
const mode: Mode = modeName === 'unsynced' || modeName === 'unrotated' ? modeName : 'rotating';

const clock = { now: () => Date.now() };

/** Appends the command of this id and resolves with the position of its event. */
export type Append = (commandId: string) => Promise<number>;

export async function runChild(appendOn: (log: SegmentLog) => Append): Promise<void> {
  const log = await open();
  if (log === undefined) return;
  await appendAll(appendOn(log));
  tell('closing');
  await log.close().then(
    () => tell('closed'),
    (error: unknown) => tell('unclosed', codeOf(error)),
  );
}

function tell(...words: readonly (string | number)[]): void {
  writeSync(1, `${words.join(' ')}\n`);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

async function open(): Promise<SegmentLog | undefined> {
  try {
    const files = mode === 'unsynced' ? unsyncedFiles : diskFiles;
    // Without space written ahead where the disk is to be full in the midst of a batch.
    const sizes = {
      segmentBytesMax: segmentBytesMax[mode],
      ...(mode === 'unrotated' ? { prewrittenBytes: 0 } : {}),
    };
    const log = await openSegmentLog({ folder, clock, files, ...sizes });
    for await (const batch of log.read(1)) {
      for (const { commandId = '', position } of batch) tell('recovered', commandId, position);
    }
    tell('opened');
    return log;
  } catch (error) {
    tell('unopened', codeOf(error));
    return undefined;
  }
}

async function appendAll(append: Append): Promise<void> {
  let triesLeft = Number(commandCount);
  for (let command = 1; triesLeft > 0; command += 1) {
    const commandId = `${run}.${command}.`;
    tell('issued', commandId);
    try {
      tell('acknowledged', commandId, await append(commandId));
      triesLeft -= 1;
    } catch (error) {
      tell('refused', commandId, codeOf(error));
      triesLeft = Math.min(triesLeft - 1, triesAfterRefusal);
    }
  }
}
