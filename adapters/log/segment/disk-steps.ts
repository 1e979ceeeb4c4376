/**
 * The steps by which the log makes files that are there after a power cut or not at all: write under a
 * draft name, sync, rename, sync the folder. Nothing under a final name must ever be half written by these.
 */
import { dirname } from 'node:path';
import { draftSuffix, encodeFileHeader, type FileHeader } from './format.ts';
import type { MemoryIndex } from './memory-index.ts';
import type { OpenFiles } from './open-files.ts';
import { type SealedFacts, sidecarPath } from './sidecar.ts';
import { encodeSidecar } from './sidecar-encoder.ts';
import type { SegmentFile, SegmentFiles } from './storage.ts';

const copyBytes = 4 * 1024 * 1024;

/** Puts a whole file at `path`, in place of what was there. */
export async function placeFile(files: SegmentFiles, path: string, bytes: Uint8Array): Promise<void> {
  await place(files, path, (draft) => draft.write(bytes, 0));
}

/** Makes a segment file with its header; the caller opens it for writing. */
export async function createSegment(files: SegmentFiles, path: string, header: FileHeader): Promise<void> {
  await placeFile(files, path, encodeFileHeader(header));
}

/** Copies bytes `start` to `end` of one file into a new one, synced. `from` and `to` may be the same path. */
export async function copyRange(
  files: SegmentFiles,
  from: string,
  to: string,
  start: number,
  end: number,
): Promise<void> {
  const source = await files.open(from, 'read');
  try {
    await place(files, to, async (draft) => {
      const chunk = Buffer.allocUnsafe(Math.min(copyBytes, Math.max(1, end - start)));
      for (let at = start; at < end; ) {
        const length = await source.read(chunk.subarray(0, Math.min(chunk.length, end - at)), at);
        if (length === 0) throw new RangeError(`${from} is shorter than it was a moment ago`);
        await draft.write(chunk.subarray(0, length), at - start);
        at += length;
      }
    });
  } finally {
    await source.close();
  }
}

export async function writeSidecar(
  files: SegmentFiles,
  open: OpenFiles,
  segmentPath: string,
  facts: SealedFacts,
  index: MemoryIndex,
): Promise<void> {
  const path = sidecarPath(segmentPath);
  const parts = await encodeSidecar(facts, index);
  await place(files, path, async (draft) => {
    let at = 0;
    for (const part of parts) {
      await draft.write(part, at);
      at += part.length;
    }
  });
  await open.drop(path);
}

async function place(
  files: SegmentFiles,
  path: string,
  fill: (draft: SegmentFile) => Promise<void>,
): Promise<void> {
  const draftPath = `${path}${draftSuffix}`;
  const draft = await files.open(draftPath, 'create');
  try {
    await fill(draft);
    await draft.sync();
  } finally {
    await draft.close();
  }
  await files.rename(draftPath, path);
  await files.syncDirectory(dirname(path));
}
