/**
 * How names from outside (activities of other systems' logs) are spelt as keys of states. Most are taken as
 * they are, spaces and all. Characters that mean something where keys are used are written as %XX: `/` joins
 * the regions of a state, `>` the stations of a path, and `.`, `#` and `\` have a meaning in XState. The
 * spelling can be read back, and no two names share one.
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The key for a name. Throws `URIError` for a name that is no sound Unicode text. */
export function stateKeyOf(label: string): string {
  if (!label.isWellFormed()) throw new URIError(`${JSON.stringify(label)} holds half a character`);
  // Numbers, names of built-in properties and the path's own marks would be mistaken for what they are not.
  const risky = label in {} || /^\d+$/.test(label) || label.startsWith(' ');
  const [first = '', ...rest] = label;
  const last = rest.at(-1) === ' ' ? rest.pop() : undefined;
  const middle = rest.join('').replace(unsafe, escaped);
  return (risky ? escaped(first) : first.replace(unsafe, escaped)) + middle + (last ? escaped(last) : '');
}

/** The name that a key was made of; `undefined` for a text that is no name's key. */
export function labelOfKey(key: string): string | undefined {
  const label = decoded(key);
  return label !== undefined && label !== '' && stateKeyOf(label) === key ? label : undefined;
}

/** Also NUL and the other control characters, which PostgreSQL or a terminal could not show. */
const unsafe = /[/.#%>\\\p{Cc}]/gu;

function escaped(character: string): string {
  const bytes = [...encoder.encode(character)];
  return bytes.map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

function decoded(key: string): string | undefined {
  if (!key.isWellFormed()) return undefined;
  const bytes: number[] = [];
  for (const [part] of key.matchAll(/%[0-9A-F]{2}|./gsu)) {
    if (part.length === 3 && part.startsWith('%')) bytes.push(Number.parseInt(part.slice(1), 16));
    else bytes.push(...encoder.encode(part));
  }
  try {
    return decoder.decode(Uint8Array.from(bytes));
  } catch {
    return undefined;
  }
}
