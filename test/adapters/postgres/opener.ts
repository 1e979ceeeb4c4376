/**
 * A docket process for the tests of the embedded server: opens it, says how, and holds it until it is killed
 * or its input ends; then it stops the server as a command would. Not a test itself.
 */
import {
  type EmbeddedOptions,
  type EmbeddedPostgres,
  openEmbeddedPostgres,
} from '../../../adapters/postgres/embedded.ts';
import { Fault } from '../../../domain/errors.ts';

export type Opened =
  | Pick<EmbeddedPostgres, 'url' | 'port' | 'owned' | 'serverPid' | 'clusterFolder'>
  | { readonly fault: string; readonly message: string };

const say = (opened: Opened): void => void process.stdout.write(`${JSON.stringify(opened)}\n`);

try {
  const server = await openEmbeddedPostgres(JSON.parse(process.argv[2] ?? '{}') as EmbeddedOptions);
  say(server);
  process.stdin.once('end', () => void server.stop()).resume();
} catch (error) {
  if (!(error instanceof Fault)) throw error;
  say({ fault: error.code, message: error.message });
}
