/**
 * How much of the processors Docket uses. From 60 to 70 % at the usual load is what one plans for: under it
 * there is room, over it a busy minute has none. What other programs use is told, but is not Docket's doing.
 */
import { type Finding, unseen } from '../finding.ts';
import { grown, wholeOf } from '../intervals.ts';
import type { MachineCpu, Seen } from '../seen.ts';
import { inPercent, inSpan, inTime } from '../words.ts';

const pattern = 'cpu';
const bandFrom = 0.6;
const bandTo = 0.7;
const smallShare = 0.1;
/** How far back "the usual load" is looked for. */
const usualMs = 3_600_000;

interface Shares {
  /** Of one core, which is all that its thread can have. */
  readonly server: number;
  /** How much of the time the server had to wait for a core. */
  readonly waited: number;
  readonly projector: number;
  /** Of all cores: both, and PostgreSQL where it could be seen. */
  readonly all: number;
  readonly words: string;
}

export function cpu({ live, history, nowMs, noLive, facts }: Seen): readonly Finding[] {
  const machine = 'seen' in facts.machineCpu ? facts.machineCpu.seen : undefined;
  const now = sharesOf(live, facts.cores, machine);
  const usual = sharesOf(
    history.filter(({ atMs }) => atMs >= nowMs - usualMs),
    facts.cores,
    undefined,
  );
  const judged = now ?? usual;
  if (judged === undefined)
    return [unseen(pattern, noLive ?? 'no two samples tell the time of the processors')];
  const late = [...history, ...live].at(-1)?.serverEventLoopDelayP99Seconds;
  const others = machine === undefined ? 0 : Math.max(0, machine.busy - judged.all);
  const evidence = [
    ...(now === undefined ? [] : [now.words]),
    ...(usual === undefined ? [] : [`in the last hour: ${usual.words}`]),
    ...(machine === undefined
      ? []
      : [`the machine was ${inPercent(machine.busy)} busy, ${inPercent(others)} of it with other programs`]),
  ];
  if (late !== undefined)
    evidence.push(`the server's event loop was late by ${inSpan(late * 1_000)} (p99 of 10 s)`);
  // A server that waits for a core would use it, unless it is others that keep a small need waiting.
  const wanted = judged.server > smallShare ? judged.server + judged.waited : judged.server;
  const highest = Math.max(judged.all, wanted, judged.projector);
  if (highest > bandTo) return [noHeadroom(judged, evidence)];
  if (machine !== undefined && machine.busy > bandTo && others > judged.all) {
    const title = 'other programs use the processors';
    const next = 'Give Docket processors of its own, or move what else runs there.';
    return [{ pattern, severity: 'notice', title, evidence, next }];
  }
  const title =
    highest < bandFrom ? 'under 60 %: there is room' : 'between 60 and 70 %: as planned, with headroom left';
  return [{ pattern, severity: 'ok', title, evidence, next: '' }];
}

function noHeadroom(shares: Shares, evidence: readonly string[]): Finding {
  const what =
    shares.server + shares.waited > bandTo
      ? 'the server uses or waits for over 70 % of the core that its thread can have'
      : shares.projector > bandTo
        ? 'the projector uses over 70 % of the core that its thread can have'
        : 'Docket uses over 70 % of the processors';
  return {
    pattern,
    severity: 'warning',
    title: `${what}: there is no headroom`,
    evidence,
    next:
      'Have callers send bulk requests, move readers to a second server (--log postgres), or take faster or more ' +
      'cores. `node --cpu-prof` on `docket serve` shows what it does.',
  };
}

function sharesOf(samples: Seen['live'], cores: number, machine: MachineCpu | undefined): Shares | undefined {
  const whole = wholeOf(samples);
  const server = whole === undefined ? undefined : grown(whole, 'serverCpuSeconds');
  if (whole === undefined || server === undefined) return undefined;
  const { seconds, before } = whole;
  const projector = grown(whole, 'projectorCpuSeconds') ?? 0;
  const postgres = machine?.postgres ?? 0;
  const all = (server + projector) / seconds / cores + postgres;
  const waited = machine?.serverWaited ?? 0;
  const told = machine?.postgres === undefined ? '' : `, PostgreSQL ${inPercent(postgres)} of all`;
  const waiting = waited === 0 ? '' : ` (and waited for one ${inPercent(waited)} of the time)`;
  const words =
    `server ${inPercent(server / seconds)} of a core${waiting}, projector ${inPercent(projector / seconds)} of a ` +
    `core${told}: ${inPercent(all)} of ${cores} cores, over ${inSpan(seconds * 1_000)} from ${inTime(before.atMs)}`;
  return { server: server / seconds, waited, projector: projector / seconds, all, words };
}
