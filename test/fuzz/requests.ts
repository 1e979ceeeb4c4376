/**
 * Requests that are nearly right: made from the OpenAPI document, so that every operation gets its share,
 * and then spoilt in one or more places.
 */
import type { OpenApiDocument, Operation, Parameter } from '../../adapters/http/openapi/document.ts';
import type { Random } from '../../adapters/simulation/random.ts';
import { damaged, mutated, oddText } from './odd-values.ts';

export interface FuzzedRequest {
  readonly operationId: string;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

/** Bodies that the server takes, to spoil; drawn anew for each request. */
export type MakeBody = (operationId: string, mediaType: string, example: unknown) => unknown;

export interface FuzzSource {
  readonly document: OpenApiDocument;
  readonly makeBody: MakeBody;
  /** What parts of an address may be, by their names. */
  readonly ids: Readonly<Record<string, readonly string[]>>;
}

const oddHeaders: readonly string[] = [
  'accept',
  'accept-encoding',
  'content-encoding',
  'content-type',
  'expect',
  'if-match',
  'if-none-match',
  'idempotency-key',
  'last-event-id',
  'origin',
  'range',
  'x-forwarded-for',
  'x-http-method-override',
];

export function fuzzedRequest(random: Random, source: FuzzSource): FuzzedRequest {
  const paths = Object.entries(source.document.paths);
  const [path, methods] = random.pick(paths);
  const [method, operation] = random.pick(Object.entries(methods));
  const [type, content] = random.pick(Object.entries(operation.requestBody?.content ?? { '': {} }));
  const body =
    type === ''
      ? undefined
      : bodyOf(random, source.makeBody(operation.operationId, type, content.example), type);
  return {
    operationId: operation.operationId,
    method: method.toUpperCase(),
    path: `${filled(random, path, source.ids)}${queryOf(random, operation)}`,
    headers: { ...(body === undefined ? {} : { 'content-type': type }), ...headersOf(random, operation) },
    body,
  };
}

function filled(random: Random, path: string, ids: FuzzSource['ids']): string {
  return path.replaceAll(/\{(\w+)\}/g, (_braces, name: string) => {
    const known = random.pick(ids[name] ?? ['1']);
    const text = random.chance(0.6) ? known : oddText(random).toWellFormed();
    return random.chance(0.95) ? encodeURIComponent(text) : text.replaceAll(/[^!-~]|[?#/]/g, '%');
  });
}

function queryOf(random: Random, { parameters }: Operation): string {
  const declared = parameters.filter((each) => each.in === 'query');
  const pairs = declared
    .filter((each) => each.required || random.chance(0.3))
    .map((each) => `${each.name}=${encodeURIComponent(queryValue(random, each))}`);
  if (random.chance(0.05)) pairs.push(`${encodeURIComponent(oddText(random).toWellFormed())}=1`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function queryValue(random: Random, { schema, example }: Parameter): string {
  if (example !== undefined && random.chance(0.3)) return String(example);
  const words: unknown = schema.enum;
  if (Array.isArray(words) && random.chance(0.5)) return String(random.pick(words));
  if (schema.type === 'integer' && random.chance(0.5)) return String(random.below(50));
  return oddText(random).toWellFormed();
}

function headersOf(random: Random, { parameters }: Operation): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const { name, in: place } of parameters) {
    if (place === 'header' && random.chance(0.5))
      headers[name] = inHeader(random.pick(['"1"', '"key-1"', '5', oddText(random)]));
  }
  if (random.chance(0.2)) headers[random.pick(oddHeaders)] = inHeader(oddText(random));
  return headers;
}

/** Node refuses to send other characters; raw bytes are sent by the tests of malformed requests. */
function inHeader(text: string): string {
  return text.replaceAll(/[^\t -~\u0080-\u00ff]/g, '?');
}

function bodyOf(random: Random, value: unknown, mediaType: string): Buffer {
  const spoilt = (part: unknown) => (random.chance(0.7) ? mutated(random, part) : part);
  const text =
    mediaType === 'application/x-ndjson' && Array.isArray(value)
      ? value
          .map((line) => `${JSON.stringify(spoilt(line))}${random.pick(['\n', '\n', '\n', '\r\n', '\n\n'])}`)
          .join('')
      : (JSON.stringify(spoilt(value)) ?? '');
  const bytes = Buffer.from(text);
  return random.chance(0.2) ? damaged(random, bytes) : bytes;
}
