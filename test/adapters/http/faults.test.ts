/** What a caller sees when the world fails behind the server: a status, a code, and nothing of the inside. */
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../domain/errors.ts';
import type { CommandSink } from '../../../domain/ports.ts';
import { actor } from '../../support/tickets.ts';
import { expectProblem, type Harness, startServer } from './harness.ts';

const by = { actor: actor('agent') };

describe('faults', () => {
  const failing = (fault: Error) => (): CommandSink => ({ submit: () => Promise.reject(fault) });
  const send = (target: Harness) =>
    target.post('/v1/commands', { commands: [{ type: 'ResumeTicket', ticketId: 'T', ...by }] });

  it('overloaded: 503 with Retry-After, and no alarm', async () => {
    await using full = await startServer({
      sink: failing(new Fault('overloaded', '5 commands are waiting')),
    });
    const answer = await send(full);
    expectProblem(answer, 503, 'overloaded', { retry: true, detail: '5 commands are waiting' });
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(full.reported).toEqual([]);
  });

  it('comes from the real engine too, when its queue is full', async () => {
    await using full = await startServer({ engineLimits: { unansweredCommandsMax: 1 } });
    const commands = ['a', 'b'].map((ticketId) => ({ type: 'OpenTicket', ticketId, ...by, data: {} }));
    expectProblem(await full.post('/v1/commands', { commands }), 503, 'overloaded');
    expect(await full.log.head()).toBe(0);
  });

  it('log_failed: 503 without a word of what happened; the operator hears it', async () => {
    const fault = new Fault('log_failed', 'EIO on /secret/path/000001.log');
    await using broken = await startServer({ sink: failing(fault) });
    const answer = await send(broken);
    expectProblem(answer, 503, 'log_failed', { retry: false });
    expect(JSON.stringify(answer.body)).not.toContain('secret');
    expect(broken.reported).toEqual([fault]);
  });

  it('a bug: 500 without its message or stack', async () => {
    await using broken = await startServer({ sink: failing(new TypeError('secret is undefined')) });
    const answer = await send(broken);
    expectProblem(answer, 500, 'internal_error');
    expect(JSON.stringify(answer.body)).not.toContain('secret');
    expect(broken.reported).toHaveLength(1);
  });
});
