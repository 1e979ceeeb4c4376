/** Bodies that come compressed: which ways are understood, and the decoder of each. */
import { constants, createBrotliDecompress, createGunzip, createZstdDecompress } from 'node:zlib';
import { problem, RequestRefused } from './problem.ts';

/** Of the window of a zstd frame, as a power of two: 8 MiB, which RFC 8878 asks every decoder to take. */
const zstdWindowLogMax = 23;

const decoders = {
  gzip: () => createGunzip(),
  br: () => createBrotliDecompress(),
  zstd: () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLogMax } }),
};
export type Decoder = ReturnType<(typeof decoders)[keyof typeof decoders]>;

/** A decoder for a content-encoding; undefined where there is nothing to decode. Throws `RequestRefused`. */
export function decoderFor(encoding: string | undefined): Decoder | undefined {
  if (encoding === undefined || encoding === 'identity') return undefined;
  const name = encoding.toLowerCase();
  if (isKnown(name)) return decoders[name]();
  const detail = `content-encoding ${encoding.slice(0, 40)} is not taken; send gzip, br, zstd or plain`;
  throw new RequestRefused(problem('media_type_unsupported', detail));
}

function isKnown(name: string): name is keyof typeof decoders {
  return Object.hasOwn(decoders, name);
}
