/**
 * A server's certificate and key from their files, checked before anybody relies on them: a pair that can
 * not work is told of by name here, and not by the first client that fails.
 *
 * It must never take a key that others on the machine can read.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { open } from 'node:fs/promises';
import { Fault } from '../../domain/errors.ts';
import type { EpochMs } from '../../domain/ticket/values.ts';
import type { CertificatePair } from './development-certificate.ts';

/** A chain of a dozen certificates has less; anything larger is another file. */
const fileBytesMax = 1024 * 1024;
/** Reading or writing by anybody but the owner. */
const othersMask = 0o077;

export interface CertificateFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/**
 * Throws `Fault('input_unreadable')`, naming the file and what to do, where one is missing, no PEM, readable
 * by others (the key), not of the other, or out of its time at `now`.
 */
export async function readCertificate(files: CertificateFiles, now: EpochMs): Promise<CertificatePair> {
  const certificate = await readText(files.certificateFile, false);
  const key = await readText(files.keyFile, true);
  const first = parsed(() => new X509Certificate(certificate), files.certificateFile, 'a PEM certificate');
  const privateKey = parsed(
    () => createPrivateKey(key),
    files.keyFile,
    'a PEM private key without passphrase',
  );
  if (!first.checkPrivateKey(privateKey)) {
    throw unusable(files.keyFile, `it is not the key of ${files.certificateFile}`);
  }
  if (now > first.validToDate.getTime()) {
    throw unusable(files.certificateFile, `it ended on ${first.validToDate.toISOString()}`);
  }
  if (now < first.validFromDate.getTime()) {
    throw unusable(files.certificateFile, `it begins on ${first.validFromDate.toISOString()}`);
  }
  return { certificate, key };
}

async function readText(path: string, secret: boolean): Promise<string> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new Fault('input_unreadable', `${path} can not be opened`, { cause });
  });
  try {
    const { mode, size } = await file.stat();
    if (secret && (mode & othersMask) !== 0) {
      const bits = (mode & 0o777).toString(8);
      throw unusable(path, `others may read it (mode ${bits}); run: chmod 600 ${path}`);
    }
    if (size > fileBytesMax) throw unusable(path, `it has ${size} bytes, which no certificate or key has`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

function parsed<Value>(parse: () => Value, path: string, what: string): Value {
  try {
    return parse();
  } catch (cause) {
    throw new Fault('input_unreadable', `${path} can not be used: it is not ${what}`, { cause });
  }
}

function unusable(path: string, reason: string): Fault {
  return new Fault('input_unreadable', `${path} can not be used: ${reason}`);
}
