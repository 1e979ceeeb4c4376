/** `docket cert`: a certificate for development, and how to use it. */
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Command } from 'commander';
import {
  daysDefault,
  daysMax,
  developmentCertificate,
} from '../../adapters/certificates/development-certificate.ts';
import { Fault } from '../../domain/errors.ts';
import { type DataOptions, type JsonOptions, wholeNumber, withDataDir, withJson } from '../cli/options.ts';
import { print, printJson } from '../cli/output.ts';
import { filesIn, tlsFolder } from '../runtime/data-folder.ts';

interface CertOptions extends DataOptions, JsonOptions {
  readonly host: readonly string[];
  readonly days: number;
  readonly out?: string;
  readonly force?: true;
}

export function certCommand(): Command {
  const command = new Command('cert')
    .description('make a certificate for development, for this machine and the hosts that are named')
    .option('--host <name...>', 'further names or addresses that the server is reached by', [])
    .option('--days <number>', 'how long it holds', wholeNumber(1, daysMax), daysDefault)
    .option('--out <folder>', 'where cert.pem and key.pem go; tls in the data folder by default')
    .option('--force', 'replace files that are there');
  return withJson(withDataDir(command)).action(makeCertificate);
}

async function makeCertificate(options: CertOptions): Promise<void> {
  const { host, days, dataDir, out, force, json } = options;
  const { certificateFile, keyFile } = filesIn(out === undefined ? tlsFolder(dataDir) : resolve(out));
  const made = developmentCertificate({ hosts: host, days, now: Date.now() });
  await mkdir(dirname(keyFile), { recursive: true, mode: 0o700 });
  // The key first: a certificate without its key is of no use, and is not left behind.
  await writeNew(keyFile, made.key, 0o600, force === true);
  await writeNew(certificateFile, made.certificate, 0o644, force === true);
  const validTo = new Date(made.validTo).toISOString();
  if (json) {
    const { fingerprint, names } = made;
    printJson({ certificateFile, keyFile, fingerprint, names, validTo });
    return;
  }
  print(`certificate  ${certificateFile}`);
  print(`key          ${keyFile}`);
  print(`for          ${made.names.join(', ')}`);
  print(`until        ${validTo}`);
  print(`SHA-256      ${made.fingerprint}\n`);
  print('It is for development: nobody believes it who was not handed it.');
  print(`  docket serve --tls-cert ${certificateFile} --tls-key ${keyFile}`);
  print(`  curl --cacert ${certificateFile} https://localhost:7420/healthz`);
  print('Commands that run on the same data folder find and believe the server by themselves.');
}

async function writeNew(path: string, text: string, mode: number, force: boolean): Promise<void> {
  if (!force) {
    await writeFile(path, text, { mode, flag: 'wx' }).catch((cause: unknown) => {
      const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
      const why = exists ? 'is there already; --force replaces it' : 'can not be written';
      throw new Fault('output_unwritable', `${path} ${why}`, { cause });
    });
    return;
  }
  // Whoever reads it meanwhile gets the old file or the new one, whole.
  const fresh = `${path}.new`;
  await writeFile(fresh, text, { mode });
  await chmod(fresh, mode);
  await rename(fresh, path);
}
