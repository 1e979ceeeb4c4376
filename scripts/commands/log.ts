/** `docket log list|compress|archive`: the files of the log, and what becomes of the old ones. */
import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import {
  archiveSegments,
  compressSegments,
  describeSegments,
  keepSealedDefault,
  type SegmentDescription,
  type UpkeepOptions,
  type UpkeepReport,
} from '../../adapters/log/segment/segment-upkeep.ts';
import { type DataOptions, type JsonOptions, wholeNumber, withDataDir, withJson } from '../cli/options.ts';
import { print, printJson, table } from '../cli/output.ts';
import { progressBar } from '../cli/progress.ts';
import { linkArchive } from '../runtime/archive-link.ts';
import { logFolder } from '../runtime/data-folder.ts';
import { noLogIn } from '../runtime/existing-log.ts';
import { stopSignal } from '../runtime/signals.ts';
import { systemClock } from '../runtime/system.ts';

interface MoveOptions extends DataOptions, JsonOptions {
  readonly keep: number;
}

export function logCommand(): Command {
  const list = new Command('list').description('every segment: its positions, its bytes, and where it is');
  const compress = new Command('compress').description(
    'compress sealed segments; they stay readable, also while a server runs',
  );
  const archive = new Command('archive')
    .description('move sealed segments, compressed or not, to the archive; they stay readable there')
    .option('--to <folder>', 'make this folder the archive, once (default: archive in the log folder)');
  return new Command('log')
    .description('list, compress and archive the files of the log')
    .addCommand(withJson(withDataDir(list)).action(listSegments))
    .addCommand(withJson(withDataDir(withKeep(compress))).action(compressOld))
    .addCommand(withJson(withDataDir(withKeep(archive))).action(archiveOld));
}

function withKeep(command: Command): Command {
  return command.addOption(
    new Option('--keep <number>', 'how many of the newest sealed segments to leave as they are')
      .default(keepSealedDefault)
      .argParser(wholeNumber(0)),
  );
}

async function listSegments(options: DataOptions & JsonOptions): Promise<void> {
  const segments = await describeSegments(existingFolder(options));
  if (options.json) {
    printJson(segments.map((segment) => ({ ...segment, ratio: ratioOf(segment) })));
    return;
  }
  const headings = ['first', 'last', 'state', 'bytes', 'on disk', 'ratio', 'file'];
  const rows = segments.map((segment) => [
    segment.firstPosition,
    segment.lastPosition,
    segment.state,
    segment.bytes,
    segment.storedBytes,
    ratioOf(segment).toFixed(2),
    segment.path,
  ]);
  print(table(headings, rows));
  const total = segments.reduce(
    (sum, { bytes, storedBytes }) => ({
      bytes: sum.bytes + bytes,
      storedBytes: sum.storedBytes + storedBytes,
    }),
    { bytes: 0, storedBytes: 0 },
  );
  print(`\n${segments.length} segments, ${inBytes(total)}`);
}

async function compressOld(options: MoveOptions): Promise<void> {
  await upkeep('compressing', 'compressed', options, compressSegments);
}

async function archiveOld(options: MoveOptions & { readonly to?: string }): Promise<void> {
  await linkArchive(existingFolder(options), options.to);
  await upkeep('archiving', 'archived', options, archiveSegments);
}

async function upkeep(
  doing: string,
  done: string,
  options: MoveOptions,
  work: (options: UpkeepOptions) => Promise<UpkeepReport>,
): Promise<void> {
  const bar = progressBar(doing, 'segments', options);
  const report = await work({
    folder: existingFolder(options),
    now: systemClock.now(),
    keep: options.keep,
    signal: stopSignal(),
    onProgress: (segments, total) => bar.report(segments, total),
  }).finally(() => bar.stop());
  if (options.json) printJson({ ...report, ratio: ratioOf(report) });
  else if (report.segments === 0) print(`nothing to do: no sealed segment but the newest ${options.keep}`);
  else print(`${done} ${report.segments} segments, ${inBytes(report)}`);
}

function existingFolder({ dataDir }: DataOptions): string {
  const folder = logFolder(dataDir);
  if (!existsSync(folder)) throw noLogIn(dataDir);
  return folder;
}

type Sizes = Pick<SegmentDescription, 'bytes' | 'storedBytes'>;

/** How many times smaller the files are than what they hold; 1 where there is nothing. */
function ratioOf({ bytes, storedBytes }: Sizes): number {
  return storedBytes === 0 ? 1 : bytes / storedBytes;
}

function inBytes(sizes: Sizes): string {
  const count = (value: number) => value.toLocaleString('en');
  return `${count(sizes.bytes)} bytes in ${count(sizes.storedBytes)} on disk (${ratioOf(sizes).toFixed(2)} to 1)`;
}
