/** Where a running server can be reached: a small file in its data folder, which other commands look for. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { requestText } from '../../adapters/http/request.ts';
import { serverFile } from './data-folder.ts';

const askMsMax = 2_000;

const serverRecordSchema = z.object({
  pid: z.int(),
  url: z.url(),
  /** PEM: what the server shows, if it serves HTTPS. */
  certificate: z.string().optional(),
  /** Where its metrics are read, if they are. */
  metricsUrl: z.url().optional(),
});
export type ServerRecord = z.infer<typeof serverRecordSchema>;

export async function announceServer(dataDir: string, record: ServerRecord): Promise<void> {
  await writeFile(serverFile(dataDir), `${JSON.stringify(record)}\n`, { mode: 0o600 });
}

export async function retractServer(dataDir: string): Promise<void> {
  await rm(serverFile(dataDir), { force: true });
}

/** The server that answers for this data folder; `undefined` where none does, whatever the file says. */
export async function findServer(dataDir: string): Promise<ServerRecord | undefined> {
  const text = await readFile(serverFile(dataDir), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const record = serverRecordSchema.safeParse(parseJson(text));
  if (!record.success) return undefined;
  const { url, certificate } = record.data;
  const signal = AbortSignal.timeout(askMsMax);
  const asked = requestText(new URL('/healthz', url), { signal }, certificate);
  const answer = await asked.catch(() => undefined);
  return answer?.status === 200 ? record.data : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
