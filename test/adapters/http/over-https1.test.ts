/** The tests of the routes and of stopping once more, over HTTP/1.1 inside TLS. */
import { spoken } from './harness.ts';

spoken.protocol = 'https1';
await import('./commands.test.ts');
await import('./reads.test.ts');
await import('./faults.test.ts');
await import('./stopping.test.ts');
