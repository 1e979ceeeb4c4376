/**
 * The disk of this machine, with what goes to segments counted: how much, in how many writes, and when it was
 * last made durable. It must do nothing else, or it would be measured with the log.
 */
import { diskFiles, type SegmentFile, type SegmentFiles } from '../../adapters/log/segment/storage.ts';

/** What was written to segments, and in how many writes; each is followed by one fdatasync. */
export interface DiskCounts {
  bytes: number;
  writes: number;
  /** When this process heard that the last sync had returned, as `performance.now()` says. */
  syncedAtMs: number;
}

export function nothingWritten(): DiskCounts {
  return { bytes: 0, writes: 0, syncedAtMs: 0 };
}

export function countingFiles(counts: DiskCounts): SegmentFiles {
  return {
    ...diskFiles,
    async open(path, mode) {
      const file = await diskFiles.open(path, mode);
      return path.endsWith('.seg') ? countingFile(file, counts) : file;
    },
  };
}

function countingFile(file: SegmentFile, counts: DiskCounts): SegmentFile {
  return {
    read: (target, position) => file.read(target, position),
    write: (bytes, position) => {
      counts.bytes += bytes.length;
      counts.writes += 1;
      return file.write(bytes, position);
    },
    sync: async () => {
      await file.sync();
      counts.syncedAtMs = performance.now();
    },
    size: () => file.size(),
    truncate: (bytes) => file.truncate(bytes),
    close: () => file.close(),
  };
}
