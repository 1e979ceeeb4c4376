/**
 * Texts as PostgreSQL can hold them. Its UTF-8 knows neither U+0000 nor half of a surrogate pair, which
 * JavaScript texts may contain, and the log gives back exactly what it was given: such a character, and the
 * mark itself, is written as U+FDD0 (which Unicode keeps free for private use within programs) and the four
 * hexadecimal digits of its code. Every other text is stored as it is.
 */

const mark = '\ufdd0';
const unstorable = /[\0\ufdd0]|\p{Surrogate}/gu;
const marked = /\ufdd0([0-9a-f]{4})/g;

export function toStorable(text: string): string {
  return text.replace(
    unstorable,
    (character) => mark + character.charCodeAt(0).toString(16).padStart(4, '0'),
  );
}

export function fromStorable(text: string): string {
  if (!text.includes(mark)) return text;
  return text.replace(marked, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
