/**
 * Webhooks of a running server, for the command line: the other end of the routes in `routes/webhooks.ts`. It
 * must never follow a redirect: the credential would go wherever that leads.
 */
import type { z } from 'zod';
import { type AskOptions, ask, codeOf, faultOf, type ServerTrust } from './asking.ts';
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

export function httpWebhookDesk(baseUrl: string, options: ServerTrust = {}): WebhookDesk {
  const asking: AskOptions = { requestMsMax, ...options };
  const told = async (path: string, method = 'GET'): Promise<unknown> => {
    const url = new URL(`/v1/webhooks/${path}`, baseUrl);
    const answer = await ask(url, { method }, asking);
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    if (codeOf(answer) === 'dead_letter_unknown') return unknown;
    throw faultOf(answer, url);
  };
  const letterPath = (id: string) => `dead-letters/${encodeURIComponent(id)}`;
  return {
    sources: async () => sourcesSchema.parse(await told('sources')).sources,
    letters: async ({ source, early, limit }) => {
      const query = new URLSearchParams({ early: String(early), limit: String(limit) });
      if (source !== undefined) query.set('source', source);
      return lettersSchema.parse(await told(`dead-letters?${query}`));
    },
    letter: async (id) => orUndefined(await told(letterPath(id)), letterSchema),
    replay: async (id) => orUndefined(await told(`${letterPath(id)}/replay`, 'POST'), replayedSchema),
    drop: async (id, reason) =>
      (await told(`${letterPath(id)}?${new URLSearchParams({ reason })}`, 'DELETE')) !== unknown,
  };
}

/** What stands for a letter that there is not. */
const unknown = Symbol('unknown');
function orUndefined<T extends z.ZodType>(answer: unknown, schema: T): z.output<T> | undefined {
  return answer === unknown ? undefined : schema.parse(answer);
}
