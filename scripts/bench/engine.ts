/**
 * Durable transitions per second through the engine on the segment log, in one process, as an integration
 * that calls the engine directly would see them; and the latency of callers who wait for each answer.
 */
import { rmSync } from 'node:fs';
import { measureCallers } from './callers.ts';
import { type LoadedDesk, limitsOf, logged, measureLoad, rateOf, sum } from './live-load.ts';
import { openDesk, type Played, play } from './playing.ts';
import { count, type Figure, type Section, spread } from './report.ts';
import { commentDataBytes, deskWorkload, LiveTickets, openingCommands, take } from './workloads.ts';
import type { Bench } from './workspace.ts';

const rounds = 3;

export async function engineSection(bench: Bench): Promise<Section> {
  const live = await onNewDesk(bench, 'live-tickets', (desk) => measureLiveTickets(desk, bench));
  const simulated = await onNewDesk(bench, 'desk', (desk) => measureDesk(desk, bench));
  const comments = await onNewDesk(bench, 'comments', (desk) => measureComments(desk, bench));
  const { rate: liveTickets, bytes, writes, transitions } = live.load;
  bench.reached.engine = { ...live.reached, liveTickets, bytes, writes, transitions, desk: simulated.rate };
  return {
    title: `1. engine: durable transitions, one process, segment log (fdatasync before each answer)`,
    figures: [...live.figures, ...simulated.figures, ...comments.figures],
    notes: [
      'counted by how far the head of the log moved; the clock stops when every command is answered; the' +
        " commands of 1a and 1c are made inside the clock, the desk's of 1b outside",
      live.load.limits,
      simulated.limits,
      comments.limits,
    ],
  };
}

/** The log is removed afterwards: a sustained run leaves gigabytes. */
async function onNewDesk<A>(
  { workspace }: Bench,
  name: string,
  measure: (desk: LoadedDesk) => Promise<A>,
): Promise<A> {
  const dataFolder = workspace.newFolder(name);
  const desk = await openDesk(dataFolder);
  try {
    return await measure({ ...desk, dataFolder });
  } finally {
    await desk.close();
    rmSync(dataFolder, { recursive: true });
  }
}

async function measureLiveTickets(desk: LoadedDesk, bench: Bench) {
  await play(desk, openingCommands(), 'inside the clock', bench.signal);
  const tickets = new LiveTickets({ order: 'each', payload: 'none' });
  const load = await measureLoad(desk, tickets, { name: '1a live tickets', payload: 'no payload' }, bench);
  const { reached, figures } = await measureCallers(desk, tickets, bench);
  return { load, reached, figures: [...load.figures, ...figures] };
}

async function measureComments(desk: LoadedDesk, bench: Bench) {
  await play(desk, openingCommands(), 'inside the clock', bench.signal);
  const tickets = new LiveTickets({ order: 'each', payload: 'comment' });
  const payload = `comments whose data is ${commentDataBytes} bytes of JSON`;
  return measureLoad(desk, tickets, { name: '1c 100-byte payloads', payload }, bench);
}

async function measureDesk(desk: LoadedDesk, { events, signal }: Bench) {
  const commands = deskWorkload();
  const played: Played[] = [];
  for (let round = 0; round < rounds; round += 1) {
    played.push(await play(desk, take(commands, Math.ceil(events / 2)), 'outside the clock', signal));
  }
  const rate = rateOf(played);
  const { bytes, writes } = desk.disk;
  const sent = sum(played, 'commands');
  const share = (of: 'rejected' | 'repeated') => `${((100 * sum(played, of)) / sent).toFixed(1)} %`;
  const conditions =
    `simulated support desk, full payloads, ${share('rejected')} refused, ${share('repeated')} repeated;` +
    ` ${rounds} rounds of ${count(sent / rounds)} commands (${spread(rate)})`;
  const figures: Figure[] = [
    { what: '1b simulated desk', value: rate.median, unit: 'transitions/s', conditions },
    {
      what: '   in the log',
      value: (await logged(desk)).bytes / sum(played, 'transitions'),
      unit: 'bytes/transition',
      conditions: `frames included; ${count(bytes / writes / 1024)} KiB per write + fdatasync`,
    },
  ];
  return { rate: rate.median, figures, limits: limitsOf('1b', played) };
}
