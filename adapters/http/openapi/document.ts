/**
 * The OpenAPI 3.1 document of the server, made from the declarations that its routes answer by. Whatever it
 * says is therefore what happens; tests check every answer that they get against it.
 */
import { z } from 'zod';
import { linesMediaType } from '../body.ts';
import { commandBodySchema } from '../command-schemas.ts';
import { eventJsonSchema } from '../event-json.ts';
import { acceptedSchema, legalCommandSchema, rejectedSchema } from '../outcome-json.ts';
import { problemMediaType } from '../problem.ts';
import { type AnswerDeclaration, type BodyDeclaration, type Route, routeGroups } from '../route.ts';
import { ticketJsonSchema } from '../ticket-json.ts';
import { workflowJsonSchema } from '../workflow-json.ts';
import { meaningOf, problemSchema, problemsOf } from './problems.ts';
import { type JsonSchema, type NamedSchema, SchemaWriter, schemaReference } from './schemas.ts';

const named: readonly NamedSchema[] = [
  { name: 'Command', schema: commandBodySchema, direction: 'input' },
  { name: 'Accepted', schema: acceptedSchema, direction: 'output' },
  { name: 'Rejected', schema: rejectedSchema, direction: 'output' },
  { name: 'LegalCommand', schema: legalCommandSchema, direction: 'output' },
  { name: 'Ticket', schema: ticketJsonSchema, direction: 'output' },
  { name: 'Event', schema: eventJsonSchema, direction: 'output' },
  { name: 'Workflow', schema: workflowJsonSchema, direction: 'output' },
  { name: 'Problem', schema: problemSchema, direction: 'output' },
];

export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string }[];
  /** Operations by path and method. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly securitySchemes: Readonly<Record<string, JsonSchema>>;
  };
}

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  /** The scope that the credential needs; absent where none is needed. */
  readonly 'x-scope'?: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, Response>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
  readonly explode?: boolean;
  readonly example?: unknown;
}

type Content = Readonly<Record<string, { readonly schema?: JsonSchema; readonly example?: unknown }>>;

export interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly schema: JsonSchema }>>;
  readonly content?: Content;
}

const description = `Docket takes ticket commands, decides by the ticket's workflow which are legal, and answers only when what they did is durable. Every answer of no is a problem document (RFC 9457) whose \`code\` is stable.`;

/** `version` is the server's own. */
export function openApiDocument(routes: readonly Route[], version: string): OpenApiDocument {
  const writer = new SchemaWriter(named);
  const paths: Record<string, Record<string, Operation>> = {};
  for (const each of routes) {
    paths[each.path] = { ...paths[each.path], [each.method.toLowerCase()]: operationOf(each, writer) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Docket', version, description },
    tags: routeGroups
      .filter((group) => routes.some((each) => each.group === group))
      .map((name) => ({ name })),
    paths,
    components: {
      schemas: writer.components(),
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key (`docket key create`), or a token of a configured OpenID Connect issuer.',
        },
      },
    },
  };
}

function operationOf(declared: Route, writer: SchemaWriter): Operation {
  const { id, group, summary, scope, body } = declared;
  const answers = Object.entries(declared.answers).map(([status, answer]) => [
    status,
    responseOf(answer, writer),
  ]);
  return {
    operationId: id,
    tags: [group],
    summary,
    ...(declared.description === undefined ? {} : { description: declared.description }),
    security: scope === 'public' ? [] : [{ bearer: [] }],
    ...(scope === 'public' ? {} : { 'x-scope': scope }),
    parameters: parametersOf(declared, writer),
    ...(body === undefined ? {} : { requestBody: requestBodyOf(body, declared, writer) }),
    responses: { ...Object.fromEntries(answers), ...problemResponses(declared) },
  };
}

function parametersOf(
  { params, query, headers, example }: Route,
  writer: SchemaWriter,
): readonly Parameter[] {
  return [
    ...membersOf(params, writer).map(
      ([name, schema]): Parameter => ({
        ...described(name, 'path', true, schema),
        ...exampleOf(example.params?.[name]),
      }),
    ),
    ...membersOf(query, writer).map(
      ([name, schema, required]): Parameter => ({
        ...described(name, 'query', required, schema),
        ...(schema.type === 'array' ? { explode: false } : {}),
        ...exampleOf(inItsType(example.query?.[name], schema)),
      }),
    ),
    ...membersOf(headers, writer).map(
      ([name, schema, required]): Parameter => ({
        ...described(name, 'header', required, schema),
        ...exampleOf(example.headers?.[name]),
      }),
    ),
  ];
}

function described(name: string, place: Parameter['in'], required: boolean, schema: JsonSchema): Parameter {
  const { description: meaning, ...rest } = schema;
  return {
    name,
    in: place,
    required,
    ...(typeof meaning === 'string' ? { description: meaning } : {}),
    schema: rest,
  };
}

/** Examples are written as they stand in the address; the document tells values. */
function inItsType(example: string | undefined, schema: JsonSchema): unknown {
  if (example === undefined) return undefined;
  if (schema.type === 'integer') return Number(example);
  return schema.type === 'array' ? example.split(',') : example;
}

function exampleOf(example: unknown): { readonly example?: unknown } {
  return example === undefined ? {} : { example };
}

type Member = readonly [name: string, schema: JsonSchema, required: boolean];

/** The members of an object schema: each becomes a parameter. */
function membersOf(schema: z.ZodType | undefined, writer: SchemaWriter): readonly Member[] {
  if (schema === undefined) return [];
  if (!(schema instanceof z.ZodObject)) throw new Error('bug: parameters are declared as an object');
  return Object.entries(schema.shape).map(([name, member]) => {
    const type = member as z.ZodType;
    return [name, writer.write(type, 'input'), !type.safeParse(undefined).success];
  });
}

function requestBodyOf(
  { schema, lines, mediaTypes = ['application/json'] }: BodyDeclaration<z.ZodType>,
  { example }: Route,
  writer: SchemaWriter,
): NonNullable<Operation['requestBody']> {
  const whole = { schema: writer.write(schema, 'input'), ...exampleOf(example.body) };
  const content = mediaTypes.map((type) => [
    type,
    type === linesMediaType && lines !== undefined
      ? { schema: writer.write(lines, 'input'), ...exampleOf(example.lines) }
      : whole,
  ]);
  return { required: true, content: Object.fromEntries(content) };
}

function responseOf(
  { meaning, schema, mediaType, lines, otherForms = [], headers, example }: AnswerDeclaration,
  writer: SchemaWriter,
): Response {
  const hasBody = schema !== undefined || mediaType !== undefined;
  const main = hasBody ? [{ mediaType: mediaType ?? 'application/json', schema, example }] : [];
  const asLines =
    lines === undefined ? [] : [{ mediaType: linesMediaType, schema: lines, example: undefined }];
  const content = [...main, ...asLines, ...otherForms].map((form) => [
    form.mediaType,
    {
      ...(form.schema === undefined ? {} : { schema: writer.write(form.schema, 'output') }),
      ...exampleOf(form.example),
    },
  ]);
  const meanings = otherForms.map((form) => `As ${form.mediaType}: ${form.meaning}`);
  return {
    description: [meaning, ...meanings].join('\n\n'),
    ...(headers === undefined ? {} : { headers: headersOf(headers) }),
    ...(content.length === 0 ? {} : { content: Object.fromEntries(content) }),
  };
}

function headersOf(meanings: Readonly<Record<string, string>>): NonNullable<Response['headers']> {
  return Object.fromEntries(
    Object.entries(meanings).map(([name, meaning]) => [
      name,
      { description: meaning, schema: { type: 'string' } },
    ]),
  );
}

function problemResponses(declared: Route): Record<string, Response> {
  return Object.fromEntries(
    [...problemsOf(declared)].map(([status, codes]) => [
      String(status),
      {
        description: codes.map((code) => `\`${code}\`: ${meaningOf(code)}`).join('\n\n'),
        content: {
          [problemMediaType]: {
            schema: {
              allOf: [
                { $ref: schemaReference('Problem') },
                { properties: { code: { enum: codes }, status: { const: status } } },
              ],
            },
          },
        },
      },
    ]),
  );
}
