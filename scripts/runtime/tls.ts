/**
 * The certificate that `docket serve` shows: from the files that its options name, and from nowhere else, so
 * that nobody serves one by accident. SIGHUP reads the files anew.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CertificatePair } from '../../adapters/certificates/development-certificate.ts';
import { type CertificateFiles, readCertificate } from '../../adapters/certificates/read-certificate.ts';
import { Fault } from '../../domain/errors.ts';
import { note } from '../cli/output.ts';
import { filesIn, tlsFolder } from './data-folder.ts';

export interface ServedTls {
  readonly files: CertificateFiles;
  /** What the files held when they were read. */
  readonly pair: CertificatePair;
}

export interface TlsOptions {
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

export function withTls(command: Command): Command {
  return command
    .option('--tls-cert <file>', 'serve HTTPS with this certificate (PEM, its chain after it)', resolveFile)
    .option('--tls-key <file>', 'the key of the certificate (PEM, mode 0600)', resolveFile);
}

/**
 * What the options' files hold; `undefined` where none is named. Throws `Fault('input_unreadable')` where
 * only one is, or they can not be used.
 */
export async function servedTls(options: TlsOptions): Promise<ServedTls | undefined> {
  const files = certificateFiles(options);
  return files && { files, pair: await readCertificate(files, Date.now()) };
}

function certificateFiles({ tlsCert, tlsKey }: TlsOptions): CertificateFiles | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new Fault('input_unreadable', '--tls-cert and --tls-key go together: name both files or neither');
  }
  return { certificateFile: tlsCert, keyFile: tlsKey };
}

/** Says how to serve a certificate that lies in the data folder and was not asked for. */
export function tellUnusedCertificate(dataDir: string): void {
  const { certificateFile, keyFile } = filesIn(tlsFolder(dataDir));
  if (!existsSync(certificateFile) || !existsSync(keyFile)) return;
  const options = `--tls-cert ${certificateFile} --tls-key ${keyFile}`;
  note(`docket: this is plain HTTP; there is a certificate, to be served with ${options}`);
}

/**
 * Reads the files again whenever this process gets SIGHUP, and hands on what they hold; the old pair stays
 * where the new one can not be used. Ends with the returned function.
 */
export function reloadOnHangup(
  files: CertificateFiles,
  use: (pair: CertificatePair) => Promise<void>,
): () => void {
  const reload = async () => {
    try {
      await use(await readCertificate(files, Date.now()));
      note(`docket: new connections get the certificate that is in ${files.certificateFile} now`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      note(`docket: the old certificate stays: ${reason}`);
    }
  };
  const onHangup = () => void reload();
  process.on('SIGHUP', onHangup);
  return () => process.off('SIGHUP', onHangup);
}

function resolveFile(path: string): string {
  return resolve(path);
}
