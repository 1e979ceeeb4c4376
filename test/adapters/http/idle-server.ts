/**
 * A server in a process of its own, for tests that count its memory and its file descriptors: started by fork
 * with its limits and whether it has a certificate, it says its address, then its memory whenever it is
 * asked.
 */
import { z } from 'zod';
import { httpLimits } from '../../../adapters/http/limits.ts';
import { buildServer } from '../../../adapters/http/server.ts';
import { MemoryLog } from '../../../adapters/log/memory/memory-log.ts';
import { Engine } from '../../../domain/engine.ts';
import { builtInWorkflows, defaultWorkflow } from '../../../domain/workflow/registry.ts';
import { httpParts } from '../../../scripts/bench/http-parts.ts';
import { systemClock } from '../../../scripts/runtime/system.ts';

const optionsSchema = z.object({
  limits: z.partialRecord(z.enum(Object.keys(httpLimits)), z.number()),
  tls: z.object({ certificate: z.string(), key: z.string() }).optional(),
});

const { limits, tls } = optionsSchema.parse(JSON.parse(process.argv[2] ?? ''));
const log = new MemoryLog({ clock: systemClock });
const workflows = builtInWorkflows;
const server = buildServer({
  ...httpParts(new Engine({ log, clock: systemClock, workflows, defaultWorkflow }), log),
  limits,
  tls,
  report: (error) => process.stderr.write(`${String(error)}\n`),
});

process.on('message', () => {
  globalThis.gc?.();
  process.send?.({ rss: process.memoryUsage.rss() });
});
process.on('disconnect', () => process.exit());
process.send?.({ url: await server.listen({ host: '127.0.0.1', port: 0 }) });
