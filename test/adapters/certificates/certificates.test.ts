/** Development certificates as others read them, and pairs of files that can not work told of by name. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { integer, objectId, tagged } from '../../../adapters/certificates/der.ts';
import { developmentCertificate } from '../../../adapters/certificates/development-certificate.ts';
import { readCertificate } from '../../../adapters/certificates/read-certificate.ts';
import { testFolder } from '../../support/postgres.ts';
import { monday9 } from '../../support/tickets.ts';

const made = developmentCertificate({
  hosts: ['docket.example', '*.docket.example', '10.0.0.7', 'fe80::1:2'],
  days: 30,
  now: monday9,
});

/** Both files in a folder of their own. */
function filesOf(pair: { certificate: string; key: string }) {
  const folder = testFolder();
  const files = { certificateFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
  writeFileSync(files.certificateFile, pair.certificate);
  writeFileSync(files.keyFile, pair.key, { mode: 0o600 });
  return files;
}

describe('a development certificate', () => {
  const read = new X509Certificate(made.certificate);

  it('holds for this machine and the given hosts, for servers, and signs nobody else', () => {
    expect(read.checkHost('localhost')).toBe('localhost');
    expect(read.checkHost('docket.example')).toBe('docket.example');
    expect(read.checkHost('a.docket.example')).toBeDefined();
    for (const address of ['127.0.0.1', '::1', '10.0.0.7', 'fe80::1:2']) {
      expect(read.checkIP(address)).toBe(address);
    }
    expect(read.checkHost('example')).toBeUndefined();
    expect(read.ca).toBe(false);
    expect(read.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(read.verify(read.publicKey)).toBe(true);
    expect(read.fingerprint256).toBe(made.fingerprint);
  });

  it('holds for its days, and an hour back', () => {
    expect(read.validFromDate.getTime()).toBe(monday9 - 3_600_000);
    expect(read.validToDate.getTime()).toBe(monday9 + 30 * 86_400_000);
    expect(made.validTo).toBe(read.validToDate.getTime());
  });

  it('has another key and number each time', () => {
    const other = developmentCertificate({ hosts: [], days: 1, now: monday9 });
    expect(other.key).not.toBe(made.key);
    expect(new X509Certificate(other.certificate).serialNumber).not.toBe(read.serialNumber);
  });

  it.each(['', 'a b', 'http://x', '-', 'x'.repeat(64), 'a..b', 'ä.example'])('is not made for %j', (host) => {
    const make = () => developmentCertificate({ hosts: [host], days: 1, now: monday9 });
    expect(make).toThrow(expect.objectContaining({ code: 'input_unreadable' }));
  });

  it('is what OpenSSL reads, to the end', () => {
    const text = execFileSync('openssl', ['x509', '-noout', '-text', '-purpose'], {
      input: made.certificate,
      encoding: 'utf8',
    });
    expect(text).toMatch(/Signature Algorithm: ecdsa-with-SHA256/);
    expect(text).toMatch(/CA:FALSE/);
    expect(text).toMatch(/SSL server : Yes/);
  });
});

describe('DER', () => {
  it('writes whole numbers and lengths that read back as they were', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 200n }), (value) => {
        const hex = value.toString(16);
        const written = integer(Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex'));
        expect(BigInt(`0x${written.subarray(2).toString('hex')}`)).toBe(value);
        expect((written[2] ?? 0) < 0x80).toBe(true);
        expect(written[1]).toBe(written.length - 2);
      }),
    );
    expect(tagged(4, Buffer.alloc(300)).subarray(0, 4)).toEqual(Buffer.from([4, 0x82, 1, 0x2c]));
    expect(objectId('1.2.840.10045.4.3.2').toString('hex')).toBe('06082a8648ce3d040302');
  });
});

describe('reading a pair of files', () => {
  it('gives both as they are', async () => {
    expect(await readCertificate(filesOf(made), monday9)).toEqual({
      certificate: made.certificate,
      key: made.key,
    });
  });

  it('refuses a key that others may read, and says what to run', async () => {
    const files = filesOf(made);
    chmodSync(files.keyFile, 0o640);
    await expect(readCertificate(files, monday9)).rejects.toMatchObject({
      code: 'input_unreadable',
      message: expect.stringMatching(/mode 640.*chmod 600 .*key\.pem/),
    });
  });

  it.each([
    [
      'is of another certificate',
      { key: developmentCertificate({ hosts: [], days: 1, now: monday9 }).key },
      0,
      /not the key of/,
    ],
    ['is no key', { key: 'no key' }, 0, /key\.pem .*not a PEM private key/],
    ['has no certificate', { certificate: '' }, 0, /cert\.pem .*not a PEM certificate/],
    ['has ended', {}, 31 * 86_400_000, /ended on/],
    ['has not begun', {}, -7_200_000, /begins on/],
  ])('refuses a pair that %s', async (_, change, laterMs, message) => {
    const files = filesOf({ ...made, ...change });
    await expect(readCertificate(files, monday9 + laterMs)).rejects.toMatchObject({
      code: 'input_unreadable',
      message: expect.stringMatching(message),
    });
  });

  it('refuses what is not there', async () => {
    const files = { certificateFile: '/nowhere/cert.pem', keyFile: '/nowhere/key.pem' };
    await expect(readCertificate(files, monday9)).rejects.toMatchObject({ code: 'input_unreadable' });
  });
});
