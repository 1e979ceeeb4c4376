/**
 * Whether the process lives, and whether it can do its work. Both are asked often and by machines, so they
 * are cheap, never wait long, and are answered under overload as well.
 */
import { z } from 'zod';
import { errorTable, Fault } from '../../../domain/errors.ts';
import type { HttpContext, ReadinessCheck } from '../context.ts';
import { sendProblem } from '../failures.ts';
import { problem } from '../problem.ts';
import { type Route, route } from '../route.ts';

export const healthPaths: readonly string[] = ['/healthz', '/readyz'];

export function healthRoutes(context: HttpContext): readonly Route[] {
  return [
    route({
      id: 'isAlive',
      method: 'GET',
      path: '/healthz',
      group: 'Server',
      summary: 'Whether the process lives',
      scope: 'public',
      lane: 'none',
      answers: { 200: { meaning: 'It does.', schema: z.object({ status: z.literal('alive') }) } },
      problems: [],
      example: {},
      handle: () => ({ status: 'alive' }),
    }),
    route({
      id: 'isReady',
      method: 'GET',
      path: '/readyz',
      group: 'Server',
      summary: 'Whether the server can do its work',
      description: 'It says no, with the reasons, while it starts, stops, or can not reach what it needs.',
      scope: 'public',
      lane: 'none',
      answers: { 200: { meaning: 'It can.', schema: z.object({ status: z.literal('ready') }) } },
      problems: ['not_ready'],
      example: {},
      handle: async (_request, reply) => {
        const reasons = await reasonsAgainst(context);
        if (reasons.length === 0) return { status: 'ready' };
        return sendProblem(reply, problem('not_ready', reasons.join('; '), { reasons }));
      },
    }),
  ];
}

async function reasonsAgainst({
  readiness,
  reader,
  limits,
  stopping,
}: HttpContext): Promise<readonly string[]> {
  const logOpen = async () => {
    await reader.head(0);
    return undefined;
  };
  const checks = Object.entries({ log: logOpen, ...readiness });
  const found = await Promise.all(
    checks.map(async ([name, check]) => {
      const reason = await reasonOf(check, limits.readyCheckMsMax);
      return reason === undefined ? [] : [`${name}: ${reason}`];
    }),
  );
  return stopping() ? ['server: it is stopping', ...found.flat()] : found.flat();
}

async function reasonOf(check: ReadinessCheck, msMax: number): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${msMax} ms`), msMax);
  });
  try {
    return await Promise.race([check(), late]);
  } catch (error) {
    return error instanceof Fault ? errorTable[error.code].meaning : 'the check failed';
  } finally {
    clearTimeout(timer);
  }
}
