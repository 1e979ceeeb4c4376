/**
 * Numbers and texts into a preallocated buffer, without allocating. The hot path of the log: it is written
 * for speed, and must never write outside the room that the caller made sure of.
 */

/** Forms of a text; kept in the two low bits of its length. */
export const textForms = { latin1: 0, utf16: 1, hex: 2, uuid: 3 } as const;

const uuidCharacters = 36;
const hexCharactersMin = 8;
const dash = 45;
/** Has a bit that no byte has, whichever digit of a pair it stands for. */
const notHex = 0x100;
/** The value of each lower-case hexadecimal digit by character code; `notHex` for all other characters. */
const hexValues = new Uint16Array(256).fill(notHex);
for (let value = 0; value < 16; value += 1) hexValues[value.toString(16).charCodeAt(0)] = value;

/** Seven bits a byte, lowest first. `value` is a whole number from 0 to 2^53 - 1. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let next = at;
  let rest = value;
  if (value >= 0x1000_0000) {
    // Whole numbers of 32 bits are handled much faster than larger ones, so the lower 28 bits go first.
    const low = value % 0x1000_0000;
    rest = (value - low) / 0x1000_0000;
    bytes[next++] = (low & 0x7f) | 0x80;
    bytes[next++] = ((low >>> 7) & 0x7f) | 0x80;
    bytes[next++] = ((low >>> 14) & 0x7f) | 0x80;
    bytes[next++] = ((low >>> 21) & 0x7f) | 0x80;
  }
  while (rest >= 0x80) {
    bytes[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[next++] = rest;
  return next;
}

/** Latin-1 where each character fits into a byte, UTF-16 otherwise. */
export function writeText(bytes: Uint8Array, at: number, text: string): number {
  const length = text.length;
  const start = writeVarint(bytes, at, length * 4 + textForms.latin1);
  let all = 0;
  for (let index = 0; index < length; index += 1) {
    const code = text.charCodeAt(index);
    all |= code;
    bytes[start + index] = code;
  }
  return all <= 0xff ? start + length : writeUtf16(bytes, at, text);
}

/** As `writeText`, but lower-case hexadecimal texts and UUIDs, which ids and digests often are, in half. */
export function writePackedText(bytes: Uint8Array, at: number, text: string): number {
  if (text.length === uuidCharacters && text.charCodeAt(8) === dash) {
    const end = writeUuid(bytes, at, text);
    if (end > 0) return end;
  } else if (text.length >= hexCharactersMin && text.length % 2 === 0) {
    const end = writeHex(bytes, at, text);
    if (end > 0) return end;
  }
  return writeText(bytes, at, text);
}

function writeUtf16(bytes: Uint8Array, at: number, text: string): number {
  let next = writeVarint(bytes, at, text.length * 8 + textForms.utf16);
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    bytes[next++] = code & 0xff;
    bytes[next++] = code >>> 8;
  }
  return next;
}

/**
 * Returns 0 where the text is something else. Checks at the end only: digits are hard to predict, so
 * branches cost.
 */
function writeHex(bytes: Uint8Array, at: number, text: string): number {
  let next = writeVarint(bytes, at, text.length * 2 + textForms.hex);
  let wrong = 0;
  for (let index = 0; index < text.length; index += 2) {
    const pair = hexPair(text, index);
    wrong |= pair;
    bytes[next++] = pair;
  }
  return wrong > 0xff ? 0 : next;
}

/** Returns 0 where the text is something else. */
function writeUuid(bytes: Uint8Array, at: number, text: string): number {
  let next = writeVarint(bytes, at, 16 * 4 + textForms.uuid);
  let wrong = 0;
  for (let index = 0; index < uuidCharacters; index += 2) {
    if (index === 8 || index === 13 || index === 18 || index === 23) {
      wrong |= text.charCodeAt(index) === dash ? 0 : notHex;
      index += 1;
    }
    const pair = hexPair(text, index);
    wrong |= pair;
    bytes[next++] = pair;
  }
  return wrong > 0xff ? 0 : next;
}

/** The byte that two lower-case hexadecimal digits stand for; more than 255 for anything else. */
function hexPair(text: string, index: number): number {
  const first = text.charCodeAt(index);
  const second = text.charCodeAt(index + 1);
  const high = hexValues[first & 0xff] ?? notHex;
  const low = hexValues[second & 0xff] ?? notHex;
  return (high << 4) | low | ((first | second) & 0xff00);
}
