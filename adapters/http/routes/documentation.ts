/** What the server says of itself: its OpenAPI document, and the reference that people browse. */
import { z } from 'zod';
import { jsonMediaType } from '../body.ts';
import { openApiDocument } from '../openapi/document.ts';
import { referencePage, referencePolicy } from '../reference/page.ts';
import { type Route, route } from '../route.ts';

/** `all` is asked when somebody reads, so that these routes are in it as well. */
export function documentationRoutes(all: () => readonly Route[], version: string): readonly Route[] {
  const document = once(() => openApiDocument(all(), version));
  const text = once(() => Buffer.from(JSON.stringify(document())));
  // Its examples name the address that it is asked at: as a rule always the same. The last one is kept.
  let page = { origin: '', text: '' };
  const pageAt = (origin: string) => {
    if (page.origin !== origin) page = { origin, text: referencePage(document(), origin) };
    return page.text;
  };
  return [
    route({
      id: 'getOpenApi',
      method: 'GET',
      path: '/openapi.json',
      group: 'Server',
      summary: 'This reference for programs: OpenAPI 3.1',
      scope: 'public',
      answers: { 200: { meaning: 'The document.', schema: z.looseObject({ openapi: z.string() }) } },
      problems: [],
      example: {},
      handle: (_request, reply) => reply.type(jsonMediaType).send(text()),
    }),
    route({
      id: 'browseReference',
      method: 'GET',
      path: '/reference',
      group: 'Server',
      summary: 'This reference for people',
      scope: 'public',
      answers: { 200: { meaning: 'A page without scripts.', schema: z.string(), mediaType: 'text/html' } },
      problems: [],
      example: {},
      handle: (request, reply) => {
        const { protocol, host } = request.raw;
        return reply
          .header('content-security-policy', referencePolicy)
          .type('text/html; charset=utf-8')
          .send(pageAt(`${protocol}://${host}`));
      },
    }),
  ];
}

/** Anybody may ask for these, without a credential: they must not be made anew each time. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
