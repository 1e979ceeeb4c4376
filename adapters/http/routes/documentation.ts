/** What the server says of itself: its OpenAPI document, and the reference that people browse. */
import { z } from 'zod';
import { openApiDocument } from '../openapi/document.ts';
import { referencePage, referencePolicy } from '../reference/page.ts';
import { type Route, route } from '../route.ts';

/** `all` is asked when somebody reads, so that these routes are in it as well. */
export function documentationRoutes(all: () => readonly Route[], version: string): readonly Route[] {
  let made: ReturnType<typeof openApiDocument> | undefined;
  const document = () => {
    made ??= openApiDocument(all(), version);
    return made;
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
      handle: () => document(),
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
          .send(referencePage(document(), `${protocol}://${host}`));
      },
    }),
  ];
}
