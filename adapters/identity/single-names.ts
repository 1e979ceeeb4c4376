/**
 * Whether a text of JSON names a member twice. Readers differ in which of the two they take, so a token with
 * one is refused: what its issuer checked may be the other. Only for text that `JSON.parse` takes.
 */
export function namesMemberTwice(json: string): boolean {
  const names: (Set<string> | undefined)[] = [];
  const tokens = /"(?:[^"\\]|\\.)*"(\s*:)?|[[\]{}]/g;
  for (const [token, colon] of json.matchAll(tokens)) {
    if (token === '{') names.push(new Set());
    else if (token === '[') names.push(undefined);
    else if (token === '}' || token === ']') names.pop();
    else if (colon !== undefined) {
      // Spelled differently, as with an escape, it is still the same name.
      const name = String(JSON.parse(token.slice(0, token.lastIndexOf('"') + 1)));
      const known = names.at(-1);
      if (known === undefined) continue;
      if (known.has(name)) return true;
      known.add(name);
    }
  }
  return false;
}
