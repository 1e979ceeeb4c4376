/**
 * The real disk with a gate: while it is shut, nothing that is written to a segment reaches its file, as
 * after a power cut. Opened, the bytes go on; broken, their write fails. It simulates no other fault.
 */
import { diskFiles, type SegmentFile, type SegmentFiles } from '../../../adapters/log/segment/storage.ts';

export class HeldDisk {
  #gate = Promise.resolve();
  #settle: { open: () => void; fail: (error: Error) => void } | undefined;

  readonly files: SegmentFiles = {
    ...diskFiles,
    open: async (path, mode) => this.#wrap(await diskFiles.open(path, mode)),
  };

  shut(): void {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Nobody may be waiting at the gate when it breaks.
    promise.catch(() => undefined);
    this.#gate = promise;
    this.#settle = { open: resolve, fail: reject };
  }

  open(): void {
    this.#settle?.open();
  }

  /** For good: every later write fails too. */
  break(): void {
    this.#settle?.fail(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }));
  }

  #wrap(file: SegmentFile): SegmentFile {
    return {
      read: (target, position) => file.read(target, position),
      write: async (bytes, position) => {
        await this.#gate;
        await file.write(bytes, position);
      },
      sync: () => file.sync(),
      truncate: (bytes) => file.truncate(bytes),
      size: () => file.size(),
      close: () => file.close(),
    };
  }
}
