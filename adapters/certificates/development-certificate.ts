/**
 * A certificate for development: signed with its own key, for this machine and whatever other names are
 * given. Whoever is to believe it must be handed it.
 *
 * It must never be able to sign other certificates: who trusts it trusts one server, not whoever has its key.
 *
 * Source: RFC 5280, sections 4.1 and 4.2; RFC 5758, section 3.2, for ECDSA with SHA-256.
 */
import { createHash, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { isIP, isIPv4, SocketAddress } from 'node:net';
import { Fault } from '../../domain/errors.ts';
import type { EpochMs } from '../../domain/ticket/values.ts';
import {
  bits,
  generalizedTime,
  integer,
  objectId,
  octets,
  sequence,
  setOf,
  tagged,
  text,
  truth,
} from './der.ts';

/** The most that browsers take from anybody (Apple's bound; the others are wider). */
export const daysMax = 825;
export const daysDefault = 365;
/** What everybody calls his own machine. */
export const ownNames: readonly string[] = ['localhost', '127.0.0.1', '::1'];

const dayMs = 86_400_000;
/** Clocks differ: one that is a little late must believe a new certificate already. */
const backdatedMs = 3_600_000;
const serialBytes = 16;
const ecdsaWithSha256 = sequence(objectId('1.2.840.10045.4.3.2'));

export interface CertificatePair {
  /** PEM, one or more certificates, the server's own first. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

export interface DevelopmentCertificate extends CertificatePair {
  /** Of the certificate: SHA-256, as `AB:CD:…`. */
  readonly fingerprint: string;
  readonly names: readonly string[];
  readonly validTo: EpochMs;
}

/**
 * A new key (ECDSA, P-256) and its certificate, valid for `days` from `now` on, for `ownNames` and `hosts`:
 * DNS names, with `*.` in front if need be, and addresses. Throws `input_unreadable` for any other host.
 */
export function developmentCertificate(options: {
  readonly hosts: readonly string[];
  readonly days: number;
  readonly now: EpochMs;
}): DevelopmentCertificate {
  const names = [...new Set([...ownNames, ...options.hosts])];
  const alternatives = names.map(alternativeName);
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicInfo = publicKey.export({ type: 'spki', format: 'der' });
  const validTo = options.now + options.days * dayMs;
  const subject = sequence(setOf(sequence(objectId('2.5.4.3'), text('Docket development'))));
  const signed = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(randomBytes(serialBytes)),
    ecdsaWithSha256,
    subject,
    sequence(generalizedTime(options.now - backdatedMs), generalizedTime(validTo)),
    subject,
    publicInfo,
    tagged(0xa3, extensions(alternatives, publicInfo)),
  );
  const signature = sign('sha256', signed, privateKey);
  const certificate = new X509Certificate(sequence(signed, ecdsaWithSha256, bits(signature)));
  return {
    certificate: String(certificate),
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    fingerprint: certificate.fingerprint256,
    names,
    validTo,
  };
}

function extensions(alternatives: readonly Buffer[], publicInfo: Buffer): Buffer {
  const keyId = createHash('sha256').update(publicInfo).digest().subarray(0, 20);
  // Key usage, from its highest bit: signatures, and with that nothing else.
  const signatures = bits(Buffer.from([0x80]), 7);
  return sequence(
    extension('2.5.29.19', sequence(), true),
    extension('2.5.29.15', signatures, true),
    extension('2.5.29.37', sequence(objectId('1.3.6.1.5.5.7.3.1'))),
    extension('2.5.29.17', sequence(...alternatives)),
    extension('2.5.29.14', octets(keyId)),
  );
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return critical
    ? sequence(objectId(id), truth(true), octets(value))
    : sequence(objectId(id), octets(value));
}

function alternativeName(host: string): Buffer {
  if (isIP(host) !== 0) return tagged(0x87, addressBytes(host));
  if (isHostName(host)) return tagged(0x82, Buffer.from(host.toLowerCase(), 'latin1'));
  const message = `${JSON.stringify(host)} is no host: give a name such as docket.example, or an address`;
  throw new Fault('input_unreadable', message);
}

/** RFC 1123, section 2.1, and a star as the first label (RFC 6125, section 6.4.3). */
function isHostName(host: string): boolean {
  const labels = host.replace(/^\*\./, '').split('.');
  return host.length <= 253 && labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(label));
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const { address: canonical } = new SocketAddress({ address, family: 'ipv6' });
  const [head = '', tail] = canonical.split('::');
  const before = groups(head);
  const after = groups(tail ?? '');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return Buffer.from([...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]));
}

function groups(part: string): number[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    if (!isIPv4(group)) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}
