/**
 * Each pattern on forged samples and facts: what makes it say so, and what must not. The same on real servers
 * is in doctor.test.ts.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Finding, type PatternName, patternNames, severities } from '../../../scripts/doctor/finding.ts';
import { patterns, recogniseAll } from '../../../scripts/doctor/patterns.ts';
import type { Seen } from '../../../scripts/doctor/seen.ts';
import { healthyFacts, nowMs, samplesOf, seenWith } from '../../support/seen.ts';

function found(pattern: PatternName, seen: Seen): readonly Finding[] {
  return patterns[pattern](seen);
}

function only(pattern: PatternName, seen: Seen): Finding {
  const [finding, ...more] = found(pattern, seen);
  if (finding === undefined || more.length > 0) throw new Error(`${more.length + 1} findings of ${pattern}`);
  return finding;
}

const mebibyte = 1024 ** 2;

describe('a healthy server', () => {
  it('is found well in every respect, with evidence', () => {
    const findings = recogniseAll(seenWith());
    expect(findings.filter(({ severity }) => severity !== 'ok')).toEqual([]);
    expect(new Set(findings.map(({ pattern }) => pattern))).toEqual(new Set(patternNames));
    for (const { evidence } of findings) expect(evidence.join()).toMatch(/\d/);
  });

  it('that nobody can see into is judged in nothing', () => {
    const why = { unseen: 'nobody may look' };
    const { server, cores } = healthyFacts;
    const blind = {
      server: { ...server, state: 'down' as const },
      cores,
      ...{ process: why, machineCpu: why, sockets: why, files: why, events: why, database: why, disk: why },
    };
    const findings = recogniseAll(seenWith({ live: [], history: [], noLive: 'no server', facts: blind }));
    expect(findings.map(({ severity }) => severity)).toEqual(patternNames.map(() => 'unseen'));
    for (const { evidence } of findings) expect(evidence.join()).toMatch(/nobody|no server|neither/);
  });
});

describe('what is found', () => {
  it('comes worst first', () => {
    const findings = recogniseAll(
      seenWith({ facts: { disk: { seen: { freeBytes: mebibyte, bytes: 1024 ** 3 } } }, live: [] }),
    );
    const ranks = findings.map(({ severity }) => severities.indexOf(severity));
    expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
    expect(findings[0]).toMatchObject({ pattern: 'disk_space', severity: 'critical' });
  });

  it('is explained in docs/doctor.md, each pattern in its section', () => {
    const text = readFileSync(join(import.meta.dirname, '../../../docs/doctor.md'), 'utf8');
    const sections = new Map(
      text.split(/^## /m).map((section): [string, string] => [section.split('\n')[0] ?? '', section]),
    );
    for (const name of patternNames) {
      const section = sections.get(`\`${name}\``) ?? '';
      expect(section, name).toMatch(/\*\*Means\.\*\*[\s\S]*\*\*Evidence\.\*\*[\s\S]*\*\*Next\.\*\*/);
    }
  });
});

describe('memory_sawtooth', () => {
  const rising = (perHour: number) =>
    samplesOf(360, 10, (index) => ({
      serverHeapAfterMajorGcBytes: 100 * mebibyte + (index / 360) * perHour + (index % 7) * 100_000,
    }));

  it('is a leak where troughs rise for good, and critical where the heap is full within a day', () => {
    const slow = only('memory_sawtooth', seenWith({ history: rising(20 * mebibyte), live: [] }));
    expect(slow).toMatchObject({ severity: 'warning', title: expect.stringContaining('server: a leak') });
    expect(slow.evidence.join('\n')).toMatch(/slope (19|20)[.\d]* MiB\/h, 95 % confidence/);
    const fast = only('memory_sawtooth', seenWith({ history: rising(500 * mebibyte), live: [] }));
    expect(fast.severity).toBe('critical');
  });

  it('is none where only the teeth rise, or the server was started anew', () => {
    const teeth = samplesOf(360, 10, (index) => ({ serverHeapBytes: index * mebibyte }));
    expect(only('memory_sawtooth', seenWith({ history: teeth, live: [] })).severity).toBe('ok');
    const restarted = [
      ...rising(500 * mebibyte).slice(0, 200),
      ...samplesOf(160, 10, () => ({ startedAtSeconds: nowMs / 1_000 - 1_600 })),
    ];
    expect(only('memory_sawtooth', seenWith({ history: restarted, live: [] })).severity).toBe('ok');
  });

  it('says nothing of too few collections', () => {
    const few = samplesOf(6, 1, () => ({ serverMajorCollections: 3 }));
    const finding = only('memory_sawtooth', seenWith({ history: [], live: few }));
    expect(finding).toMatchObject({ severity: 'unseen', evidence: [expect.stringContaining('1 major')] });
  });
});

describe('throughput_flatline', () => {
  const counted = (
    index: number,
    answered: (second: number) => number,
    refused: (second: number) => number,
  ) => {
    const upTo = (each: (second: number) => number) =>
      Array.from({ length: index }, (_, second) => each(second)).reduce((sum, value) => sum + value, 0);
    return { good: 1_000 + upTo(answered), bad: upTo(refused) };
  };

  it('is limited where a rate turns callers away', () => {
    const live = samplesOf(11, 1, (index) => {
      const { good, bad } = counted(
        index,
        () => 50,
        () => 100,
      );
      return { requests: good + bad, requestsThrottled: bad };
    });
    const finding = only('throughput_flatline', seenWith({ live }));
    expect(finding).toMatchObject({ severity: 'warning', title: expect.stringMatching(/^limited/) });
    expect(finding.evidence.join()).toMatch(/150 requests\/s came, 50\/s were answered/);
  });

  it('is saturated where overload is refused, or more waits and takes longer while no more is answered', () => {
    const refusing = samplesOf(11, 1, (index) => {
      const { good, bad } = counted(
        index,
        () => 500,
        () => 60,
      );
      return { requests: good + bad, requestsOverloaded: bad };
    });
    expect(only('throughput_flatline', seenWith({ live: refusing })).title).toMatch(/^saturated/);
    const waiting = samplesOf(13, 1, (index) => {
      const requests = 1_000 + 500 * index;
      const late = 10 * index * index;
      return {
        requests,
        requestsInFlight: index * 20 * index,
        commandSeconds: {
          count: requests,
          upTo: [
            [0.01, requests - late],
            [1, requests],
          ],
        },
      };
    });
    expect(only('throughput_flatline', seenWith({ live: waiting })).title).toMatch(/^saturated/);
  });

  it('is stalled where commands wait and none is answered, and not where nobody waits', () => {
    const still = { commandsAnswered: 7, transitions: 7, requests: 9 };
    const live = samplesOf(5, 1, () => ({ ...still, commandsUnanswered: 3 }));
    const finding = only('throughput_flatline', seenWith({ live }));
    expect(finding).toMatchObject({ severity: 'critical', title: expect.stringMatching(/^stalled/) });
    expect(finding.evidence[0]).toMatch(/no answer for 4 s/);
    const quiet = samplesOf(5, 1, () => ({
      ...still,
      commandsUnanswered: 0,
      requestsInFlight: 1,
      databaseActive: 0,
    }));
    expect(only('throughput_flatline', seenWith({ live: quiet })).severity).toBe('ok');
  });

  it('is a stall too where the process lives and does not answer', () => {
    const server = { ...healthyFacts.server, state: 'silent' as const };
    const finding = only('throughput_flatline', seenWith({ live: [], facts: { server } }));
    expect(finding).toMatchObject({ severity: 'critical', title: expect.stringMatching(/does not answer/) });
  });
});

describe('lag_growing', () => {
  it('is seen where rows get older and older, is critical beyond a minute or without a projector', () => {
    const growing = (seconds: number) =>
      seenWith({
        live: samplesOf(8, 1, (index) => ({ lagEvents: 500 * index, lagSeconds: seconds + index })),
      });
    expect(only('lag_growing', growing(0))).toMatchObject({ severity: 'warning' });
    expect(only('lag_growing', growing(0)).evidence.join()).toMatch(
      /3,500 events behind[\s\S]*500 events\/s/,
    );
    expect(only('lag_growing', growing(70)).severity).toBe('critical');
    const alone = seenWith({ live: samplesOf(3, 1, () => ({ projectorRunning: 0 })) });
    expect(only('lag_growing', alone).severity).toBe('critical');
  });

  it('is none while a lag comes and goes', () => {
    const live = samplesOf(11, 1, (index) => ({ lagEvents: (index % 3) * 400, lagSeconds: 3 }));
    expect(only('lag_growing', seenWith({ live })).severity).toBe('ok');
  });
});

describe('hot_ticket', () => {
  it('is one that a large share of the events is of, if there are enough', () => {
    const events = (all: number, hot: number) => ({
      seen: {
        events: all,
        tickets: 90,
        fromMs: nowMs - 1_000,
        toMs: nowMs,
        busiest: [{ ticketId: 'INC7', events: hot }],
      },
    });
    const hot = only('hot_ticket', seenWith({ facts: { events: events(1_000, 900) } }));
    expect(hot).toMatchObject({ severity: 'warning', title: expect.stringContaining('INC7') });
    expect(hot.evidence[0]).toContain('INC7: 90 % (900)');
    expect(only('hot_ticket', seenWith({ facts: { events: events(1_000, 200) } })).severity).toBe('ok');
    expect(only('hot_ticket', seenWith({ facts: { events: events(100, 90) } })).severity).toBe('unseen');
  });

  it('is suspected too where writers are refused because the ticket had changed', () => {
    const live = samplesOf(11, 1, (index) => ({ commandsContended: index * 20 }));
    const [, conflicts] = found('hot_ticket', seenWith({ live }));
    expect(conflicts).toMatchObject({ severity: 'warning', title: expect.stringContaining('in each other') });
  });
});

describe('slow_queries', () => {
  it('tells from the time that the server waited, where the database can not be asked', () => {
    const live = samplesOf(3, 1, (index) => ({
      databaseSeconds: {
        count: 100 * index,
        upTo: [
          [0.01, 90 * index],
          [2.5, 100 * index],
        ],
      },
    }));
    const finding = only('slow_queries', seenWith({ live, facts: { database: { unseen: 'no database' } } }));
    expect(finding).toMatchObject({ severity: 'warning' });
    expect(finding.evidence.join()).toMatch(/p99 of the server's own statements 2\.\d+ s/);
  });

  it('tells what was slow some time ago without alarm', () => {
    const statement = { text: 'SELECT 1', calls: 3, meanMs: 900, watchedCalls: 0, watchedMeanMs: 0 };
    const statements = {
      seen: { source: 'pg_stat_statements' as const, statements: [statement], over: 'ever' },
    };
    const database = {
      seen: { statements, running: [], clock: { unseen: 'busy' }, parked: { unseen: 'busy' } },
    };
    expect(only('slow_queries', seenWith({ facts: { database } }))).toMatchObject({
      severity: 'notice',
      evidence: expect.arrayContaining(['900 ms on average, 3 times: SELECT 1']),
    });
  });
});

describe('connection_bursts', () => {
  const resets = (at: number, usual: number) => {
    let sum = 0;
    return samplesOf(360, 10, (index) => {
      sum += index === at ? 40 : usual === 0 ? 0 : usual + (index % 5);
      return { connectionResets: sum };
    });
  };

  it('is a warning when it was within the hour, a notice before', () => {
    const now = only('connection_bursts', seenWith({ history: resets(350, 0), live: [] }));
    expect(now).toMatchObject({ severity: 'warning' });
    expect(now.evidence[0]).toMatch(/40 reset \(ECONNRESET, EPIPE\) within 10 s until 2026-11-21T11:58:30Z/);
    const later = seenWith({ history: resets(350, 0), live: [], nowMs: nowMs + 7_200_000 });
    expect(only('connection_bursts', later).severity).toBe('notice');
  });

  it('is none where as many are usual', () => {
    expect(only('connection_bursts', seenWith({ history: resets(350, 36), live: [] })).severity).toBe('ok');
  });

  it('knows timeouts apart', () => {
    const live = samplesOf(8, 1, (index) => ({ connectionTimeouts: index < 6 ? 0 : 25 }));
    expect(only('connection_bursts', seenWith({ live })).evidence[0]).toMatch(/25 timed out \(ETIMEDOUT\)/);
  });
});

describe('limits of the machine', () => {
  const process = (openFiles: number, filesSoftMax: number) => ({
    seen: { pid: 1, openFiles, filesSoftMax, filesHardMax: filesSoftMax, connectionsMax: 1_000 },
  });

  it.each([
    ['ok', 60, 65_536],
    ['warning', 60, 1_024],
    ['warning', 1_400, 2_000],
    ['critical', 1_900, 2_000],
  ] as const)('file_descriptors are %s with %i of %i open', (severity, open, max) => {
    expect(only('file_descriptors', seenWith({ facts: { process: process(open, max) } })).severity).toBe(
      severity,
    );
  });

  const sockets = (other: object) => {
    const { sockets: healthy } = healthyFacts;
    return { sockets: { seen: { ...('seen' in healthy ? healthy.seen : never()), ...other } } };
  };

  it.each([
    ['warning', { somaxconn: 128 }],
    ['warning', { synBacklogMax: 128 }],
    ['critical', { queuedMost: 500 }],
    ['notice', { overflowsWatched: 7 }],
  ] as const)('accept_queue is a %s with %o', (severity, other) => {
    expect(only('accept_queue', seenWith({ facts: sockets(other) })).severity).toBe(severity);
  });

  it('disk_space warns before it is full, by its trend too', () => {
    const filling = samplesOf(360, 10, (index) => ({ diskFreeBytes: (80 - index / 36) * 1024 ** 3 }));
    const finding = only('disk_space', seenWith({ history: filling, live: [] }));
    expect(finding).toMatchObject({
      severity: 'warning',
      title: expect.stringMatching(/full in (6|7)[.\d]* h/),
    });
  });
});

function never(): never {
  throw new Error('the healthy facts are all seen');
}

describe('cpu', () => {
  const busy = (cores: number) => samplesOf(11, 1, (index) => ({ serverCpuSeconds: cores * index }));
  const machine = (busyShare: number, serverWaited: number) => ({
    machineCpu: { seen: { busy: busyShare, postgres: 0.05, serverWaited, seconds: 10 } },
  });

  it('has room under 60 %, is as planned up to 70 %, and has no headroom over it', () => {
    expect(only('cpu', seenWith({ live: busy(0.3) })).title).toMatch(/under 60 %/);
    expect(only('cpu', seenWith({ live: busy(0.65) })).title).toMatch(/between 60 and 70 %/);
    const full = only('cpu', seenWith({ live: busy(0.9) }));
    expect(full).toMatchObject({
      severity: 'warning',
      title: expect.stringMatching(/server .* no headroom/),
    });
    expect(full.evidence[0]).toMatch(
      /server 90 % of a core .*, projector 10 % of a core, PostgreSQL 5 % of all: 55 % of 2/,
    );
  });

  it('counts what the server would use if it got it', () => {
    const starved = only('cpu', seenWith({ live: busy(0.5), facts: machine(1, 0.4) }));
    expect(starved).toMatchObject({ severity: 'warning', title: expect.stringMatching(/uses or waits for/) });
    expect(starved.evidence[0]).toMatch(/server 50 % of a core \(and waited for one 40 % of the time\)/);
  });

  it('does not hold what others use against Docket, and says so', () => {
    expect(only('cpu', seenWith({ live: busy(0.05), facts: machine(0.95, 0.7) }))).toMatchObject({
      severity: 'notice',
      title: 'other programs use the processors',
    });
  });
});

describe('what was left behind, and clocks', () => {
  const database = (other: object) => {
    const { database: healthy } = healthyFacts;
    return { database: { seen: { ...('seen' in healthy ? healthy.seen : never()), ...other } } };
  };

  it('parked_tickets are named with their reason, or counted where the database can not be asked', () => {
    const parked = [
      { projection: 'tickets', ticketId: 'REQ9', parkedAtMs: nowMs - 60_000, reason: 'a bad event' },
    ];
    expect(only('parked_tickets', seenWith({ facts: database({ parked: { seen: parked } }) }))).toMatchObject(
      {
        severity: 'warning',
        evidence: ['REQ9 in tickets, for 60 s: a bad event'],
      },
    );
    const live = samplesOf(3, 1, () => ({ parkedTickets: 4 }));
    const counted = only('parked_tickets', seenWith({ live, facts: { database: { unseen: 'down' } } }));
    expect(counted).toMatchObject({ severity: 'warning', title: expect.stringMatching(/^4 tickets/) });
  });

  it('clocks disagree where the log or the database is ahead', () => {
    const { events } = healthyFacts;
    const ahead = { seen: { ...('seen' in events ? events.seen : never()), toMs: nowMs + 60_000 } };
    expect(only('clock', seenWith({ facts: { events: ahead } })).severity).toBe('warning');
    expect(
      only('clock', seenWith({ facts: database({ clock: { seen: { aheadMs: -5_000, withinMs: 1 } } }) }))
        .severity,
    ).toBe('warning');
    const unsure = database({ clock: { seen: { aheadMs: -5_000, withinMs: 4_900 } } });
    expect(only('clock', seenWith({ facts: unsure })).severity).toBe('ok');
  });
});
