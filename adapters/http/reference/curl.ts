/** A call of an operation as a command that can be pasted into a shell. */
import type { Operation, Parameter } from '../openapi/document.ts';

export interface CurlPlace {
  /** The server's address, as its caller reached it. */
  readonly origin: string;
  readonly path: string;
  readonly method: string;
}

/** `KEY` in the environment holds the credential. */
export function curlOf({ origin, path, method }: CurlPlace, operation: Operation): string {
  const examples = operation.parameters.filter(({ example }) => example !== undefined);
  const value = ({ example }: Parameter) => encodeURIComponent(String(example));
  const filled = path.replaceAll(/\{(\w+)\}/g, (braces, name: string) => {
    const found = examples.find((each) => each.in === 'path' && each.name === name);
    return found === undefined ? braces : value(found);
  });
  const query = examples.filter((each) => each.in === 'query').map((each) => `${each.name}=${value(each)}`);
  const [type, body] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const parts = [
    `curl -s${method === 'get' || method === 'post' ? '' : ` -X ${method.toUpperCase()}`}`,
    quoted(`${origin}${filled}${query.length === 0 ? '' : `?${query.join('&')}`}`),
    ...(operation.security.length === 0 ? [] : ['-H "authorization: Bearer $KEY"']),
    ...examples
      .filter((each) => each.in === 'header')
      .map((each) => `-H ${quoted(`${each.name}: ${String(each.example)}`)}`),
    ...(type === undefined ? [] : [`-H ${quoted(`content-type: ${type}`)}`]),
    ...(body?.example === undefined ? [] : [`--data-binary ${quoted(bodyText(body.example))}`]),
  ];
  return parts.join(' \\\n  ');
}

function bodyText(example: unknown): string {
  return typeof example === 'string' ? example : JSON.stringify(example);
}

/** Single quotes keep a shell from reading anything into it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
