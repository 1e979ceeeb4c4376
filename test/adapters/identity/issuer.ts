/** An issuer of tokens for tests: keys of its own, and a real server that hands out the public ones. */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export const rsaPair = (): KeyPair => generateKeyPairSync('rsa', { modulusLength: 2048 });
export const ecPair = (): KeyPair => generateKeyPairSync('ec', { namedCurve: 'P-256' });

export const publicJwk = ({ publicKey }: KeyPair, kid: string, alg: string) => ({
  ...publicKey.export({ format: 'jwk' }),
  kid,
  alg,
  use: 'sig',
});

export interface JwksServer {
  readonly url: string;
  /** How often it was asked, by path. */
  readonly asked: string[];
  answer: (path: string) => { status: number; body: string } | 'never';
  close(): Promise<void>;
}

export async function jwksServer(keys: readonly object[]): Promise<JwksServer> {
  const asked: string[] = [];
  const running: { answer: JwksServer['answer'] } = {
    answer: () => ({ status: 200, body: JSON.stringify({ keys }) }),
  };
  const server: Server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const answer = running.answer(request.url ?? '');
    if (answer === 'never') return;
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(running, {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

export const encoded = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** Signed as ES256 or RS256, by what the key is; header and claims go in as they are, texts included. */
export function signed(header: unknown, claims: unknown, { privateKey }: KeyPair): string {
  const input = `${encoded(header)}.${encoded(claims)}`;
  const options =
    privateKey.asymmetricKeyType === 'ec'
      ? { key: privateKey, dsaEncoding: 'ieee-p1363' as const }
      : { key: privateKey };
  return `${input}.${sign('sha256', Buffer.from(input), options).toString('base64url')}`;
}

/** Signed with a shared secret, as an attacker does who has the public key. */
export function signedWithSecret(header: object, claims: object, secret: string | Buffer): string {
  const input = `${encoded(header)}.${encoded(claims)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}
