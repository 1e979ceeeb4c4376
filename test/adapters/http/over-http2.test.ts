/** The tests of the routes and of stopping once more, over HTTP/2. */
import { spoken } from './harness.ts';

spoken.protocol = 'http2';
await import('./commands.test.ts');
await import('./reads.test.ts');
await import('./faults.test.ts');
await import('./stopping.test.ts');
