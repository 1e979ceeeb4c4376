/**
 * Whether the process lives, and whether it can do its work. Both are asked often and by machines, so they
 * are cheap, never wait long, and are answered under overload as well.
 */
import { errorTable, Fault } from '../../../domain/errors.ts';
import type { HttpApp, HttpContext, ReadinessCheck } from '../context.ts';
import { sendProblem } from '../failures.ts';
import { problem } from '../problem.ts';

export const healthPaths: readonly string[] = ['/healthz', '/readyz'];

export function healthRoutes(app: HttpApp, context: HttpContext): void {
  app.get('/healthz', async () => ({ status: 'alive' }));

  app.get('/readyz', async (_request, reply) => {
    const reasons = await reasonsAgainst(context);
    if (reasons.length === 0) return { status: 'ready' };
    return sendProblem(reply, problem('not_ready', reasons.join('; '), { reasons }));
  });
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
