/**
 * Answers made smaller for who asks for it: zstd, br or gzip, as `accept-encoding` says. An answer that is
 * streamed is passed on piece by piece, so that compressing never makes anybody wait.
 *
 * It must never take compressed requests: a small body could then become a large one.
 */
import {
  type BrotliOptions,
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  gzipSync,
  type InputType,
  type ZlibOptions,
  type ZstdOptions,
  zstdCompressSync,
} from 'node:zlib';
import compress from '@fastify/compress';
import type { FastifyInstance } from 'fastify';
import type { HttpLimits } from './limits.ts';

/** The first of them that the caller takes; among equals, what costs least. */
const encodings: ('zstd' | 'br' | 'gzip')[] = ['zstd', 'br', 'gzip'];

const brotli: BrotliOptions = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };
const gzip: ZlibOptions = { level: 4 };
const zstd: ZstdOptions = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };

/** The streams flush what they are given at once, each by its own constant. */
const codecs = {
  brotliCompressSync: (data: InputType) => brotliCompressSync(data, brotli),
  createBrotliCompress: () => createBrotliCompress({ ...brotli, flush: constants.BROTLI_OPERATION_FLUSH }),
  gzipSync: (data: InputType) => gzipSync(data, gzip),
  createGzip: () => createGzip({ ...gzip, flush: constants.Z_SYNC_FLUSH }),
  zstdCompressSync: (data: InputType) => zstdCompressSync(data, zstd),
  createZstdCompress: () => createZstdCompress({ ...zstd, flush: constants.ZSTD_e_flush }),
};

const compressibleTypes = /^text\/(?!event-stream)|[+/-](nd)?json(;|$)|yaml(;|$)/;

/** For the routes that are declared after it. */
export function compressAnswers(
  app: FastifyInstance,
  { compressBytesMin }: Pick<HttpLimits, 'compressBytesMin'>,
): void {
  const options = {
    encodings,
    threshold: compressBytesMin,
    customTypes: compressibleTypes,
    zlib: codecs,
    globalDecompression: false,
  };
  // Called at once: what is registered comes into force only after the routes were declared.
  compress(app, options, (error) => {
    if (error !== undefined) throw error;
  });
}
