/** The way in: who goes first, who waits, who is refused, and that nobody is forgotten. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixedLimit } from '../../../../adapters/http/admission/adaptive-limit.ts';
import { Lane, type Waiting } from '../../../../adapters/http/admission/lane.ts';

const bounds = { waitMsMax: 100, waitingMax: 1_000 };

/** Notes what happens to it. */
function visitor(name: string, log: string[], options: { gone?: () => boolean } = {}): Waiting {
  return {
    gone: options.gone ?? (() => false),
    admit: () => log.push(`${name} in`),
    refuse: () => log.push(`${name} refused`),
  };
}

describe('a lane', () => {
  it('lets in as many as its limit says, and the next when one leaves, in order', () => {
    const lane = new Lane(fixedLimit(2), bounds);
    const log: string[] = [];
    const entrances = ['a', 'b', 'c', 'd'].map((name) => lane.enter(visitor(name, log), 0));
    expect(entrances).toEqual(['admitted', 'admitted', 'waits', 'waits']);
    expect([lane.active, lane.waiting]).toEqual([2, 2]);
    lane.leave(1, undefined);
    lane.leave(1, undefined);
    expect(log).toEqual(['c in', 'd in']);
    expect([lane.active, lane.waiting]).toEqual([2, 0]);
  });

  it('lets the last to come go first once the queue stands', () => {
    const lane = new Lane(fixedLimit(1), bounds);
    const log: string[] = [];
    for (const [index, name] of ['a', 'b', 'c', 'd'].entries()) lane.enter(visitor(name, log), index * 20);
    lane.leave(60, undefined);
    lane.leave(95, undefined);
    expect(log).toEqual(['b in', 'd in']);
  });

  it('refuses who waited too long, the oldest first and only so many at a time', () => {
    const lane = new Lane(fixedLimit(1), bounds);
    const log: string[] = [];
    for (const name of ['a', 'b', 'c', 'd']) lane.enter(visitor(name, log), 0);
    lane.refuseLate(100, 2);
    expect(log).toEqual([]);
    lane.refuseLate(101, 2);
    expect(log).toEqual(['b refused', 'c refused']);
    lane.refuseLate(101, 2);
    expect(log.slice(2)).toEqual(['d refused']);
    expect([lane.active, lane.waiting]).toEqual([1, 0]);
  });

  it('is full when as many wait as may', () => {
    const lane = new Lane(fixedLimit(1), { ...bounds, waitingMax: 1 });
    const entrances = ['a', 'b', 'c'].map((name) => lane.enter(visitor(name, []), 0));
    expect(entrances).toEqual(['admitted', 'waits', 'full']);
  });

  it('passes over those who went away', () => {
    const lane = new Lane(fixedLimit(1), bounds);
    const log: string[] = [];
    lane.enter(visitor('a', log), 0);
    lane.enter(visitor('b', log, { gone: () => true }), 0);
    lane.enter(visitor('c', log), 0);
    lane.leave(1, undefined);
    expect(log).toEqual(['c in']);
  });

  it('does not nest when everybody who is let in leaves at once', () => {
    const lane = new Lane(fixedLimit(1), { ...bounds, waitingMax: 200_000 });
    let left = 0;
    const passing: Waiting = {
      gone: () => false,
      admit: () => {
        left += 1;
        lane.leave(1, undefined);
      },
      refuse: () => undefined,
    };
    lane.enter(passing, 0);
    for (let count = 0; count < 100_000; count += 1) lane.enter(passing, 0);
    lane.leave(1, undefined);
    expect([left, lane.active, lane.waiting]).toEqual([100_000, 0, 0]);
  });

  it('tells every visitor exactly one thing, and never has more inside than it may', () => {
    const steps = fc.array(
      fc.oneof(fc.constant('enter'), fc.constant('leave'), fc.constant('late'), fc.nat({ max: 80 })),
      { maxLength: 300 },
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 6 }),
        steps,
        (most, waitingMax, list) => {
          const lane = new Lane(fixedLimit(most), { waitMsMax: 100, waitingMax });
          const told = new Map<number, string[]>();
          let nowMs = 0;
          let came = 0;
          for (const step of list) {
            if (typeof step === 'number') nowMs += step;
            else if (step === 'late') lane.refuseLate(nowMs, 2);
            else if (step === 'leave') {
              if (lane.active > 0) lane.leave(nowMs, 1);
            } else {
              const tell = (what: string) => told.get(id)?.push(what);
              const id = came;
              came += 1;
              told.set(id, []);
              const entrance = lane.enter(
                { gone: () => false, admit: () => tell('in'), refuse: () => tell('refused') },
                nowMs,
              );
              if (entrance !== 'waits') tell(entrance);
            }
            expect(lane.active).toBeLessThanOrEqual(most);
            expect(lane.waiting).toBeLessThanOrEqual(waitingMax);
          }
          const silent = [...told.values()].filter((each) => each.length === 0).length;
          expect(silent).toBe(lane.waiting);
          expect([...told.values()].every((each) => each.length <= 1)).toBe(true);
        },
      ),
    );
  });
});
