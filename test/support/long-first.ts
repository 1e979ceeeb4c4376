/**
 * The order of test files: those that take minutes begin first, or one of them would run alone at the end
 * while all other workers have nothing to do. vitest knows how long files took only where they ran before,
 * and else begins with the largest.
 */
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The longest first, by what they took on two cores. One that is missing here is only begun later. */
const long = [
  'test/simulation/every-crash.test.ts',
  'test/fuzz/http-fuzz.test.ts',
  'test/faults/disk-errors.test.ts',
  'test/analysis/uci-figures.test.ts',
  'test/faults/kill.test.ts',
  'test/projections/deaths.test.ts',
  'test/scripts/doctor/doctor.test.ts',
  'test/kill/http-kill.test.ts',
  'test/simulation/long-runs.test.ts',
  'test/adapters/log/bit-rot.test.ts',
  'test/projections/kill.test.ts',
];

export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const place = ({ moduleId, project }: TestSpecification) => {
      const at = long.indexOf(relative(project.config.root, moduleId));
      return at === -1 ? long.length : at;
    };
    return sorted.sort((a, b) => place(a) - place(b));
  }
}
