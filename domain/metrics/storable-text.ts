/**
 * Text in the form that a database gives back. PostgreSQL holds neither U+0000 nor lone surrogates; a name
 * that a fold compares must equal itself after it was stored and read.
 */
export function storableText(text: string): string {
  return text.isWellFormed() && !text.includes('\0') ? text : text.toWellFormed().replaceAll('\0', '\ufffd');
}
