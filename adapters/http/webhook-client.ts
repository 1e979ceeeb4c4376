/**
 * Webhooks of a running server, for the command line: the other end of the routes in `routes/webhooks.ts`. It
 * must never follow a redirect: the credential would go wherever that leads.
 */
import { z } from 'zod';
import { Fault } from '../../domain/errors.ts';
import { letterSchema, lettersSchema, replayedSchema, sourcesSchema } from './webhook-json.ts';

const requestMsMax = 30_000;

export type SourceJson = z.infer<typeof sourcesSchema>['sources'][number];
export type LetterJson = z.infer<typeof letterSchema>;
export type ReplayedJson = z.infer<typeof replayedSchema>;

/** Sources and letters, wherever they are kept. Throws `Fault`. */
export interface WebhookDesk {
  sources(): Promise<readonly SourceJson[]>;
  letters(question: {
    readonly source: string | undefined;
    readonly early: boolean;
    readonly limit: number;
  }): Promise<{ readonly total: number; readonly deadLetters: readonly LetterJson[] }>;
  /** `undefined` where there is none. */
  letter(id: string): Promise<LetterJson | undefined>;
  replay(id: string): Promise<ReplayedJson | undefined>;
  /** False where there is none. */
  drop(id: string, reason: string): Promise<boolean>;
}

/** `credential` is an API key or a token. */
export function httpWebhookDesk(baseUrl: string, credential: string | undefined): WebhookDesk {
  const ask = async (path: string, method = 'GET'): Promise<unknown> => {
    const url = new URL(`/v1/webhooks/${path}`, baseUrl);
    const headers = credential === undefined ? undefined : { authorization: `Bearer ${credential}` };
    const signal = AbortSignal.timeout(requestMsMax);
    const response = await fetch(url, {
      method,
      redirect: 'error',
      signal,
      ...(headers && { headers }),
    }).catch((cause: unknown) => {
      const message = `no answer from ${url.origin}; is the server running?`;
      throw new Fault('server_unreachable', message, { cause });
    });
    if (response.status === 204) return undefined;
    const body: unknown = await response.json().catch(() => undefined);
    if (response.ok) return body;
    const { code, detail } = problemSchema.parse(body);
    if (code === 'dead_letter_unknown') return unknown;
    throw new Fault('server_unreachable', `${url.href} answered ${response.status}: ${detail}`);
  };
  const letterPath = (id: string) => `dead-letters/${encodeURIComponent(id)}`;
  return {
    sources: async () => sourcesSchema.parse(await ask('sources')).sources,
    letters: async ({ source, early, limit }) => {
      const query = new URLSearchParams({ early: String(early), limit: String(limit) });
      if (source !== undefined) query.set('source', source);
      return lettersSchema.parse(await ask(`dead-letters?${query}`));
    },
    letter: async (id) => orUndefined(await ask(letterPath(id)), letterSchema),
    replay: async (id) => orUndefined(await ask(`${letterPath(id)}/replay`, 'POST'), replayedSchema),
    drop: async (id, reason) =>
      (await ask(`${letterPath(id)}?${new URLSearchParams({ reason })}`, 'DELETE')) !== unknown,
  };
}

/** What stands for a letter that there is not. */
const unknown = Symbol('unknown');
const problemSchema = z
  .object({ code: z.string().default(''), detail: z.string().default('no reason was given') })
  .catch({ code: '', detail: 'what answers there is no Docket server of this version' });

function orUndefined<T extends z.ZodType>(answer: unknown, schema: T): z.output<T> | undefined {
  return answer === unknown ? undefined : schema.parse(answer);
}
