/** Starts and stops the writer process of writer-child.ts. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Acknowledged {
  readonly position: number;
  readonly ticketId: string;
  readonly revision: number;
  readonly at: number;
}

export interface WriterChild {
  readonly process: ChildProcess;
  readonly acknowledged: Acknowledged[];
  /** Kills it with SIGKILL and waits until it is gone and its last lines are read. */
  kill(): Promise<void>;
}

/** Resolves when the child has opened the log. */
export async function startWriter(
  folder: string,
  segmentBytesMax: number,
  pauseMs = 0,
): Promise<WriterChild> {
  const script = join(import.meta.dirname, 'writer-child.ts');
  const child = spawn(process.execPath, [script, folder, String(segmentBytesMax), String(pauseMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const acknowledged: Acknowledged[] = [];
  const lines = createInterface({ input: child.stdout });
  const ended = once(lines, 'close');
  const opened = once(lines, 'line');
  lines.on('line', (line) => {
    const [position, ticketId = '', revision, at] = line.split(' ');
    if (at === undefined) return;
    acknowledged.push({ position: Number(position), ticketId, revision: Number(revision), at: Number(at) });
  });
  await Promise.race([
    opened,
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the writer ended with ${code}`))),
  ]);
  return {
    process: child,
    acknowledged,
    async kill() {
      child.kill('SIGKILL');
      await ended;
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
