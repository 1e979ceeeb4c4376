/** What is under way, held against a Map, whose place it takes. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UnderWay } from '../../../adapters/http/under-way.ts';

test('holds exactly what was added and not removed', () => {
  const steps = fc.array(fc.oneof(fc.constant('add' as const), fc.nat(20)), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (taken) => {
      const underWay = new UnderWay<{ readonly number: number }>();
      const held = new Map<number, number>();
      let number = 0;
      for (const step of taken) {
        const place = step === 'add' ? undefined : [...held.values()][step];
        if (step === 'add') {
          held.set(number, underWay.add({ number }));
          number += 1;
        } else if (place !== undefined) {
          underWay.remove(place);
          for (const [each, at] of held) if (at === place) held.delete(each);
        }
      }
      const numbers = [...underWay.all()].map((item) => item.number).sort((one, other) => one - other);
      expect(numbers).toEqual([...held.keys()]);
    }),
  );
});

test('may lose items while it is gone through', () => {
  const underWay = new UnderWay<{ readonly name: string }>();
  const places = ['a', 'b', 'c'].map((name) => underWay.add({ name }));
  const seen: string[] = [];
  for (const { name } of underWay.all()) {
    seen.push(name);
    for (const place of places.slice(0, 2)) underWay.remove(place);
  }
  expect(seen).toEqual(['a', 'c']);
  expect([...underWay.all()]).toEqual([{ name: 'c' }]);
});
