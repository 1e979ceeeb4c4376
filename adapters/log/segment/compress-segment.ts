/**
 * Compresses a sealed segment: `X.seg` becomes `X.seg.zst` beside it, of which compressed-format.ts tells the
 * layout and move-segment.ts the steps. One block at a time is in memory, whatever the segment's size.
 *
 * It must never touch a segment that still grows: its callers know which one does.
 */
import { promisify } from 'node:util';
import { constants, crc32, zstdCompress } from 'node:zlib';
import {
  blockBytesDefault,
  type CompressedHeader,
  encodeCompressedHeader,
  layoutOf,
} from './compressed-format.ts';
import { type FileHeader, LogDamage } from './format.ts';
import type { Readable } from './frame-walker.ts';
import { moveSegment } from './move-segment.ts';
import { compressedSuffix, type SegmentPlace } from './segment-places.ts';
import type { SegmentFile, SegmentFiles } from './storage.ts';

/** zstd's level: 9 gains 3 % and takes half as long again, 3 loses 5 % and takes a third of the time. */
const compressionLevel = 6;

const compress = promisify(zstdCompress);

/** Throws `log_damaged` where the segment is not whole and sealed; then it stays as it is. */
export async function compressSegment(
  files: SegmentFiles,
  from: SegmentPlace,
  firstPosition: number,
  blockBytes = blockBytesDefault,
): Promise<void> {
  const to = { ...from, path: from.path + compressedSuffix, compressed: true };
  await moveSegment(files, {
    from,
    to,
    firstPosition,
    fill: (draft, original, header) => writeCompressed(draft, original, from.path, header, blockBytes),
  });
}

async function writeCompressed(
  draft: SegmentFile,
  original: Readable,
  path: string,
  { salt, firstPosition }: FileHeader,
  blockBytes: number,
): Promise<void> {
  const bytes = await original.size();
  const header: CompressedHeader = { salt, firstPosition, bytes, blockBytes };
  const blocks: { readonly length: number; readonly crc: number }[] = [];
  let offset = layoutOf(header).tableEnd;
  for (let at = 0; at < bytes; at += blockBytes) {
    const block = Buffer.allocUnsafe(Math.min(blockBytes, bytes - at));
    if ((await original.read(block, at)) < block.length) throw new LogDamage(path, at, 'the file ends here');
    const compressed = await compress(block, {
      chunkSize: blockBytes,
      pledgedSrcSize: block.length,
      params: { [constants.ZSTD_c_compressionLevel]: compressionLevel },
    });
    await draft.write(compressed, offset);
    offset += compressed.length;
    blocks.push({ length: compressed.length, crc: crc32(block) });
  }
  await draft.write(encodeCompressedHeader(header, blocks), 0);
}
