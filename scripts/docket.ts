#!/usr/bin/env -S node --max-semi-space-size=64 --no-allocation-site-pretenuring
/**
 * The `docket` command: makes the start fast, and leaves everything else to the program.
 *
 * The engine makes many objects that live until a sync returns. With room for them in the young generation
 * (64 MiB, as in package.json's scripts) they die there. A busy start must not teach V8 that they live long
 * and belong into the old generation at once, hence the second flag.
 *
 * Most of a short command's time is compiling: what was compiled once is kept, under node_modules, where only
 * those can write who could change the code itself. It must be switched on before anything is imported.
 */
import { enableCompileCache, flushCompileCache } from 'node:module';
import { join } from 'node:path';

enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/docket'));
const { runProgram } = await import('./cli/program.ts');
// A server may be killed one day, and then would leave nothing for its next start.
flushCompileCache();
await runProgram();
