/** Names of states from outside: any can be spelt as a key, and read back from it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labelOfKey, stateKeyOf } from '../../../domain/workflow/state-spelling.ts';
import { hardCharacters } from '../../support/arbitrary-events.ts';

const unit = fc.constantFrom(...hardCharacters, '/', '.', '#', '>', '%', ' ', '2', 'F', 'a', '_');
const label = fc
  .oneof(fc.string({ unit, minLength: 1, maxLength: 8 }), fc.constantFrom('__proto__', 'toString', '007'))
  .filter((text) => text.isWellFormed());

describe('the key of a name', () => {
  it.each([
    ['Awaiting User Info', 'Awaiting User Info'],
    ['W_Nabellen offertes', 'W_Nabellen offertes'],
    ['Prüfung/Freigabe v1.2', 'Prüfung%2FFreigabe v1%2E2'],
    ['100', '%3100'],
    [' spaced ', '%20spaced%20'],
    [' ', '%20'],
    ['constructor', '%63onstructor'],
  ])('%j is %j', (name, key) => {
    expect(stateKeyOf(name)).toBe(key);
    expect(labelOfKey(key)).toBe(name);
  });

  it('is safe, and gives the name back whatever it is', () => {
    fc.assert(
      fc.property(label, (name) => {
        const key = stateKeyOf(name);
        expect(key).not.toMatch(/[/.#>\\\p{Cc}]|^\d+$|^ | $/u);
        expect(key in {}).toBe(false);
        expect(labelOfKey(key)).toBe(name);
      }),
    );
  });

  it.each(['a/b', '100', 'a%2fb', 'a%41', 'a%', '%C3', '', 'toString', 'half \ud800'])(
    'is never %j',
    (text) => {
      expect(labelOfKey(text)).toBeUndefined();
    },
  );

  it('can not be made of half a character', () => {
    expect(() => stateKeyOf('half \ud800')).toThrow(URIError);
  });
});
