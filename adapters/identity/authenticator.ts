/**
 * Who it is that brings an `authorization` header: by API key, else by token. Whatever is wrong with it gets
 * the same words, so that nobody learns how near a guess was.
 */
import type { Authenticator, NotAuthenticated, Principal } from '../../domain/access/principal.ts';
import type { ApiKeys } from './api-keys.ts';
import type { Tokens } from './tokens.ts';

const missing: NotAuthenticated = { refused: 'send authorization: Bearer, with an API key or a token' };
const notHeld: NotAuthenticated = {
  refused: 'the key or token is not known here, or does not hold any more',
};
const schemePattern = /^Bearer +(\S+)$/i;
/** Longer headers are not looked at: no key and no token is. */
const headerCharactersMax = 8_192 + 'Bearer '.length;

export function authenticator(keys: ApiKeys, tokens: Tokens | undefined): Authenticator {
  return {
    authenticate(authorization) {
      if (authorization === undefined || authorization === '') return missing;
      if (authorization.length > headerCharactersMax) return notHeld;
      const text = schemePattern.exec(authorization)?.[1];
      if (text === undefined) return missing;
      if (text.startsWith('dk_') || tokens === undefined) return keys.recognise(text) ?? notHeld;
      const found = tokens.recognise(text);
      return found instanceof Promise ? found.then(orNotHeld) : orNotHeld(found);
    },
  };
}

function orNotHeld(found: Principal | undefined): Principal | NotAuthenticated {
  return found ?? notHeld;
}
