/** The short simulated desk that `npm start` plays on an empty log, so that there is something to look at. */
import { simulateDesk } from '../../adapters/simulation/simulate-desk.ts';
import type { CommandSink } from '../../domain/ports.ts';
import { note } from '../cli/output.ts';

const hourMs = 3_600_000;
const demo = { seed: 1, hours: 14 * 24, ticketsPerWeek: 1_000, seconds: 60 };

/** Two weeks of a desk in a minute, ending now. Ends early on the signal. */
export async function playDemo({ sink, signal }: { sink: CommandSink; signal: AbortSignal }): Promise<void> {
  const { seed, hours, ticketsPerWeek, seconds } = demo;
  note(
    'The log is empty: playing two weeks of a simulated support desk in one minute (`docket serve` never does).\n',
  );
  const stats = await simulateDesk({
    seed,
    hours,
    ticketsPerWeek,
    from: Date.now() - hours * hourMs,
    speed: (hours * 3_600) / seconds,
    ticketPrefix: 'DEMO-',
    sink,
    signal,
  });
  if (signal.aborted) return;
  const count = (value: number) => value.toLocaleString('en');
  note(`\nThe demo is over: ${count(stats.ticketsOpened)} tickets, ${count(stats.events)} transitions,`);
  note(
    `${count(stats.rejected)} commands refused (about one in a hundred is wrong on purpose). Look around:\n`,
  );
  note('  npx docket ticket show DEMO-1');
  note('  npx docket throughput --window 1m\n');
}
