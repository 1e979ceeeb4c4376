/**
 * The files of this machine without syncs, which only a power cut can tell from the real ones: for loops that
 * open thousands of logs and are about what is found in files, not about when it is safe there. Imports no
 * test runner, so that child processes can use it too.
 */
import { diskFiles, type SegmentFiles } from '../../adapters/log/segment/storage.ts';

export const unsyncedFiles: SegmentFiles = {
  ...diskFiles,
  async open(path, mode) {
    const file = await diskFiles.open(path, mode);
    return {
      read: (target, position) => file.read(target, position),
      write: (bytes, position) => file.write(bytes, position),
      sync: async () => {},
      size: () => file.size(),
      truncate: (bytes) => file.truncate(bytes),
      close: () => file.close(),
    };
  },
  syncDirectory: async () => {},
};
