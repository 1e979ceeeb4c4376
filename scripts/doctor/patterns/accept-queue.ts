/**
 * The queue in which the system holds new connections until the server takes them. It is as long as the
 * shorter of what the server asks for and somaxconn; connections that find it full wait for seconds, or fail.
 */
import { type Finding, unseen } from '../finding.ts';
import type { Seen } from '../seen.ts';
import { inDigits } from '../words.ts';

const pattern = 'accept_queue';

/** Of the queue's length; a burst may use a part of it. */
const fullShare = 0.8;

export function acceptQueue({ facts: { sockets } }: Seen): readonly Finding[] {
  if ('unseen' in sockets) return [unseen(pattern, sockets.unseen)];
  const { backlog, somaxconn, synBacklogMax, queuedMost, overflows, overflowsWatched } = sockets.seen;
  const length = Math.min(backlog, somaxconn);
  const waiting = queuedMost === undefined ? 'not seen' : `at most ${inDigits(queuedMost)}`;
  const evidence = [
    `net.core.somaxconn ${inDigits(somaxconn)}, net.ipv4.tcp_max_syn_backlog ${inDigits(synBacklogMax)}; ` +
      `the server asks for ${inDigits(backlog)}`,
    `connections waiting in its queue: ${waiting} of ${inDigits(length)}`,
    `dropped at full queues, of all programs of the machine: ${inDigits(overflowsWatched)} while watching, ` +
      `${inDigits(overflows)} since its start`,
  ];
  const setting = somaxconn < backlog ? 'net.core.somaxconn' : 'net.ipv4.tcp_max_syn_backlog';
  const next = `Run \`sysctl -w ${setting}=4096\` (and write it to /etc/sysctl.d), then start the server again.`;
  if ((queuedMost ?? 0) >= fullShare * length) {
    const title = 'the queue for new connections is full: further ones are dropped';
    const first = 'See cpu and throughput_flatline first: the server is late to take them.';
    return [{ pattern, severity: 'critical', title, evidence, next: `${first} ${next}` }];
  }
  if (somaxconn < backlog || synBacklogMax < backlog) {
    const title = `${setting} is under what the server asks for`;
    return [{ pattern, severity: 'warning', title, evidence, next }];
  }
  if (overflowsWatched > 0) {
    const title = 'some program of this machine drops new connections';
    const which = 'See whose queue it is: `ss -ltnm` (Recv-Q against Send-Q, d of skmem).';
    return [{ pattern, severity: 'notice', title, evidence, next: which }];
  }
  return [
    { pattern, severity: 'ok', title: 'the queue for new connections is long enough', evidence, next: '' },
  ];
}
