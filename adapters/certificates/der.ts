/**
 * DER, the bytes that certificates are written in: as much of it as a certificate of our own needs. The
 * library that could do this (@peculiar/x509) does not load without a polyfill of the Reflect API.
 *
 * It only writes. What others wrote is read by Node, which has OpenSSL for that.
 *
 * Source: ITU-T X.690; tags from section 8, lengths from 8.1.3.
 */
const tags = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  objectId: 0x06,
  text: 0x0c,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;
/** Lengths from here on take bytes of their own. */
const shortLengthEnd = 0x80;

/** A value under any tag. */
export function tagged(tag: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return tagged(tags.sequence, Buffer.concat(parts));
}

export function setOf(...parts: readonly Uint8Array[]): Buffer {
  return tagged(tags.set, Buffer.concat(parts));
}

export function truth(value: boolean): Buffer {
  return tagged(tags.boolean, Buffer.from([value ? 0xff : 0]));
}

/** A whole number that is not negative, most significant byte first. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first === -1 ? Buffer.from([0]) : bytes.subarray(first);
  // A set highest bit would mean a negative number.
  const sign = (digits[0] ?? 0) >= shortLengthEnd ? Buffer.from([0]) : Buffer.alloc(0);
  return tagged(tags.integer, Buffer.concat([sign, digits]));
}

/** Whole bytes, the last of which has `unused` bits without meaning. */
export function bits(bytes: Uint8Array, unused = 0): Buffer {
  return tagged(tags.bits, Buffer.concat([Buffer.from([unused]), bytes]));
}

export function octets(bytes: Uint8Array): Buffer {
  return tagged(tags.octets, bytes);
}

export function text(value: string): Buffer {
  return tagged(tags.text, Buffer.from(value, 'utf8'));
}

/** To the second, in UTC: `20270131120000Z`. */
export function generalizedTime(epochMs: number): Buffer {
  const digits = new Date(epochMs).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return tagged(tags.generalizedTime, Buffer.from(digits, 'latin1'));
}

/** From its usual form: `1.2.840.10045.4.3.2`. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...others] = dotted.split('.').map(Number);
  return tagged(tags.objectId, Buffer.from([first * 40 + second, ...others.flatMap(base128)]));
}

function base128(value: number): number[] {
  const digits = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    digits.unshift((rest % 128) + 128);
  }
  return digits;
}

function lengthOf(bytes: number): Buffer {
  if (bytes < shortLengthEnd) return Buffer.from([bytes]);
  const digits: number[] = [];
  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return Buffer.from([shortLengthEnd + digits.length, ...digits]);
}
