/**
 * Archives a sealed segment: its file, compressed or not, goes as it is into the subfolder `archive`, which
 * may be a link to another disk. move-segment.ts tells the steps.
 *
 * It must never take a file that it sees a second time, through a link, for a copy of that file.
 */
import { basename, join } from 'node:path';
import { Fault } from '../../../domain/errors.ts';
import { LogDamage } from './format.ts';
import { moveDraftSuffix, moveSegment } from './move-segment.ts';
import { archiveName, type SegmentPlace } from './segment-places.ts';
import type { SegmentFile, SegmentFiles } from './storage.ts';

const copyBytes = 1024 * 1024;

/** Throws `log_damaged` where the segment is not whole and sealed; then it stays where it is. */
export async function archiveSegment(
  files: SegmentFiles,
  folder: string,
  from: SegmentPlace,
  firstPosition: number,
): Promise<void> {
  const to = { ...from, path: join(folder, archiveName, basename(from.path)), archived: true };
  await moveSegment(files, { from, to, firstPosition, fill: (draft) => copyStored(files, from.path, draft) });
}

/** Makes the archive where there is none. Throws where it is the log's own folder by another name. */
export async function prepareArchive(files: SegmentFiles, folder: string): Promise<void> {
  const archive = join(folder, archiveName);
  await files.makeFolder(archive);
  const probe = `probe-${crypto.randomUUID()}${moveDraftSuffix}`;
  await (await files.open(join(archive, probe), 'create')).close();
  const seen = await files.list(folder);
  await files.remove(join(archive, probe));
  if (!seen.includes(probe)) return;
  throw new Fault(
    'input_unreadable',
    `${archive} leads back to the log's own folder; link it to another one`,
  );
}

/** Byte by byte as the file is: what is compressed stays compressed. */
async function copyStored(files: SegmentFiles, from: string, draft: SegmentFile): Promise<void> {
  const source = await files.open(from, 'read');
  try {
    const chunk = Buffer.allocUnsafe(copyBytes);
    const bytes = await source.size();
    for (let at = 0; at < bytes; ) {
      const length = await source.read(chunk, at);
      if (length === 0) throw new LogDamage(from, at, 'the file ends here');
      await draft.write(chunk.subarray(0, length), at);
      at += length;
    }
  } finally {
    await source.close();
  }
}
