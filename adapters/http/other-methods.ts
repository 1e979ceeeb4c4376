/** Answers 405 with Allow where an address exists but does not take the method, before any body is read. */
import type { FastifyInstance } from 'fastify';
import { sendProblem } from './failures.ts';
import { problem } from './problem.ts';

/** Collects the routes that are declared after it; call the result once all of them are. */
export function otherMethods(app: FastifyInstance): () => void {
  const methodsOf = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const methods = methodsOf.get(url) ?? new Set();
    methodsOf.set(url, methods);
    for (const each of [method].flat()) methods.add(each);
  });
  return () => {
    for (const [url, methods] of [...methodsOf]) refuse(app, url, [...methods].sort());
  };
}

function refuse(app: FastifyInstance, url: string, allowed: readonly string[]): void {
  const method = app.supportedMethods.filter((each) => !allowed.includes(each));
  app.route({
    method,
    url,
    onRequest: async (request, reply) => {
      reply.header('allow', allowed.join(', '));
      const detail = `${url} takes ${allowed.join(', ')}, not ${request.method}`;
      return sendProblem(reply, problem('method_not_allowed', detail));
    },
    handler: () => {
      throw new Error('bug: the request was answered before');
    },
  });
}
