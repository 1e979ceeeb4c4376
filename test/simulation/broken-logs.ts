/**
 * Logs that are broken on purpose, to see that the simulation tells: each stands between the log and the
 * simulated disk and leaves out, or answers before, something that durability hangs on.
 */
import type { SegmentFile, SegmentFiles } from '../../adapters/log/segment/storage.ts';
import type { SimDisk } from './sim-disk.ts';

/** A log that forgets to sync what it writes to files whose path matches. */
export function withoutFileSync(paths: RegExp): (disk: SimDisk) => SegmentFiles {
  return (disk) =>
    withFiles(disk, (file, path) => (paths.test(path) ? { ...relay(file), sync: async () => {} } : file));
}

/** A log that forgets to sync the folder after it made or renamed a file. */
export function withoutFolderSync(disk: SimDisk): SegmentFiles {
  return { ...withFiles(disk, (file) => file), syncDirectory: async () => {} };
}

/** A log that acknowledges as soon as the sync was asked for. */
export function acknowledgingEarly(disk: SimDisk): SegmentFiles {
  return withFiles(disk, (file, path) => {
    if (!path.endsWith('.seg')) return file;
    // The sync itself comes some turns later, as it would behind an answer that does not wait for it.
    const sync = async () => void setImmediate(() => setImmediate(() => void file.sync()));
    return { ...relay(file), sync };
  });
}

/** A log that writes its batches from the wrong place when they are long. */
export function misplacing(disk: SimDisk): SegmentFiles {
  return withFiles(disk, (file, path) => {
    if (!path.endsWith('.seg')) return file;
    const write = (bytes: Uint8Array, position: number) =>
      file.write(bytes, bytes.length > 1_000 ? position - 1 : position);
    return { ...relay(file), write };
  });
}

function withFiles(disk: SimDisk, change: (file: SegmentFile, path: string) => SegmentFile): SegmentFiles {
  return {
    makeFolder: () => disk.makeFolder(),
    open: async (path, mode) => change(await disk.open(path, mode), path),
    list: (folder) => disk.list(folder),
    rename: (from, to) => disk.rename(from, to),
    remove: (path) => disk.remove(path),
    syncDirectory: (folder) => disk.syncDirectory(folder),
    lock: (folder) => disk.lock(folder),
  };
}

/** A file by its methods, which a class instance would lose when it is spread. */
function relay(file: SegmentFile) {
  return {
    read: (target: Uint8Array, position: number) => file.read(target, position),
    write: (bytes: Uint8Array, position: number) => file.write(bytes, position),
    truncate: (bytes: number) => file.truncate(bytes),
    sync: () => file.sync(),
    size: () => file.size(),
    close: () => file.close(),
  };
}
