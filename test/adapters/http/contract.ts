/**
 * Every answer that a test gets is held against the OpenAPI document: its status, media type, headers and
 * body must be what the operation declares. So the document can not drift from what the server does.
 */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { OpenApiDocument, Operation } from '../../../adapters/http/openapi/document.ts';

/** What keeps the document's references apart from the checker's own names. */
const documentId = 'urn:docket:openapi';

export interface ToldAnswer {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly status: number;
  readonly type: string | null;
  readonly body: unknown;
}

/** Throws with all that is not as declared. */
export type CheckAnswer = (answer: ToldAnswer) => void;

export function contractOf(document: OpenApiDocument): CheckAnswer {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  ajv.addSchema(document, documentId);
  const validators = new Map<string, ValidateFunction>();
  const paths = Object.keys(document.paths).map((path) => ({ path, pattern: patternOf(path) }));

  return ({ method, path: asked, status, type, body }) => {
    const address = asked.split('?')[0] ?? '';
    const found = paths.find(({ pattern }) => pattern.test(address));
    // HEAD is answered as GET would be, and is not declared apart.
    const declared = method === 'HEAD' ? 'get' : method.toLowerCase();
    const operation = found && document.paths[found.path]?.[declared];
    const where = `${method} ${address} → ${status}`;
    // What has no end does not answer HEAD.
    const endless = method === 'HEAD' && Object.values(operation?.responses ?? {}).some(isEndless);
    if (found === undefined || operation === undefined || (endless && status === 405)) {
      if (![404, 405, 400, 414, 415, 417, 503, 429].includes(status))
        throw new Error(`${where}: there is no such operation`);
      return;
    }
    const mediaType = type?.split(';')[0];
    const schemaPath = declaredForm(operation, where, status, mediaType);
    if (schemaPath === undefined || method === 'HEAD') return;
    const pointer = ['paths', found.path, declared, 'responses', String(status), ...schemaPath];
    const reference = `${documentId}#/${pointer.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
    const validate = validators.get(reference) ?? ajv.compile({ $ref: reference });
    validators.set(reference, validate);
    if (!validate(body))
      throw new Error(`${where}: ${ajv.errorsText(validate.errors, { separator: '\n  ' })}`);
  };
}

/** Where the schema of this form stands in the response; `undefined` where the answer has no body. */
function declaredForm(
  operation: Operation,
  where: string,
  status: number,
  mediaType: string | undefined,
): readonly string[] | undefined {
  const response = operation.responses[String(status)];
  if (response === undefined) {
    throw new Error(
      `${where}: ${operation.operationId} declares only ${Object.keys(operation.responses).join(', ')}`,
    );
  }
  const forms = Object.keys(response.content ?? {});
  if (forms.length === 0) return undefined;
  if (mediaType === undefined || !forms.includes(mediaType)) {
    throw new Error(`${where}: ${operation.operationId} declares ${forms.join(', ')}, not ${mediaType}`);
  }
  // Lines of a stream are values of their own, and text is no JSON.
  if (!mediaType.endsWith('json') || mediaType.endsWith('x-ndjson')) return undefined;
  return ['content', mediaType, 'schema'];
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`);
}

function isEndless({ content = {} }: Operation['responses'][string]): boolean {
  return 'text/event-stream' in content;
}
