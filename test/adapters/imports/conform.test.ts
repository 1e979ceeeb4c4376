/** Logs held against workflows: small ones by hand, and the real one against what is known of it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { parseMapping } from '../../../adapters/imports/case-mapping.ts';
import { conform } from '../../../adapters/imports/conform.ts';
import { readCaseEvents } from '../../../adapters/imports/read-case-events.ts';
import { workflowFromData } from '../../../domain/workflow/from-data.ts';
import { builtInWorkflows } from '../../../domain/workflow/registry.ts';
import { fines } from '../../support/workflows.ts';
import { batchesOf, casesOf } from './case-logs.ts';

const incident = builtInWorkflows.get('incident@1');
const states = {
  New: 'new',
  Active: 'in_progress',
  'Awaiting User Info': 'on_hold',
  'Awaiting Vendor': 'on_hold',
  'Awaiting Problem': 'on_hold',
  'Awaiting Evidence': 'on_hold',
  Resolved: 'resolved',
  Closed: 'closed',
};

describe('a log of states', () => {
  it('conforms where some command leads from each state to the next', async () => {
    const found = await conform(
      batchesOf(
        casesOf(
          ['New', 'New', 'Active', 'Awaiting Vendor', 'Awaiting User Info', 'Resolved', 'Closed'],
          ['Active', 'Closed', 'Active', 'Resolved', 'Closed', 'Active'],
          ['New', '-100', 'Active'],
        ),
      ),
      { workflow: incident, states },
    );
    expect(found).toMatchObject({
      workflow: 'incident@1',
      cases: 3,
      events: 16,
      unchanged: 1,
      notComplete: 0,
      observed: 12,
      legal: 8,
      fitness: 8 / 12,
      conformingCases: 1,
    });
    expect(found.transitions.filter(({ legal }) => !legal)).toEqual([
      {
        from: 'Closed',
        to: 'Active',
        fromState: 'closed',
        toState: 'in_progress',
        legal: false,
        reason: 'no_command',
        commands: [],
        count: 2,
        examples: [
          { caseId: 'c2', line: 10 },
          { caseId: 'c2', line: 13 },
        ],
      },
      expect.objectContaining({ from: 'New', to: '-100', toState: undefined, reason: 'unknown_state' }),
      expect.objectContaining({ from: '-100', to: 'Active', fromState: undefined, reason: 'unknown_state' }),
    ]);
    expect(found.transitions).toContainEqual(
      expect.objectContaining({
        from: 'Awaiting Vendor',
        to: 'Awaiting User Info',
        commands: ['RecordRequesterReply', 'HoldTicket'],
      }),
    );
  });

  it('is refused with states that the workflow has not', async () => {
    await expect(
      conform(batchesOf([]), { workflow: incident, states: { New: 'brand_new' } }),
    ).rejects.toMatchObject({ message: expect.stringMatching(/brand_new.*incident@1.*in_progress/) });
  });
});

describe('a log of activities', () => {
  const workflow = workflowFromData(fines);

  it('conforms where each is a move to the state that is called so', async () => {
    const found = await conform(
      batchesOf(
        casesOf(
          ['Create Fine', 'Send Fine', 'Send for Credit Collection / Court'],
          ['Create Fine', 'Payment', 'Payment'],
          ['Create Fine', 'Create Fine'],
        ),
      ),
      { workflow },
    );
    expect(found).toMatchObject({ observed: 5, legal: 4, conformingCases: 2, unchanged: 0 });
    expect(found.transitions[0]).toMatchObject({ from: 'Create Fine', to: 'Create Fine', legal: false });
    expect(found.transitions[1]).toMatchObject({ legal: true, commands: ['MoveTicket'] });
  });

  it('may begin in the initial state, or where a move leads from there', async () => {
    const found = await conform(batchesOf(casesOf(['Create Fine'], ['Payment'], ['Paid in full'])), {
      workflow,
    });
    expect(found).toMatchObject({ observed: 0, fitness: 1, conformingCases: 2 });
    expect(found.beginnings.map(({ to, legal }) => [to, legal])).toEqual([
      ['Paid in full', false],
      ['Create Fine', true],
      ['Payment', true],
    ]);
  });

  it.each([
    ['cases', { casesMax: 1 }, casesOf(['Payment'], ['Payment'])],
    ['activities', { activitiesMax: 1 }, casesOf(['Payment', 'Send Fine'])],
  ])('is refused with too many %s', async (what, limits, events) => {
    await expect(conform(batchesOf(events), { workflow, limits })).rejects.toMatchObject({
      message: `line 2: there are more than 1 ${what}; split the file`,
    });
  });
});

const shared = process.env.DOCKET_SHARED_DATA ?? join(import.meta.dirname, '../../../../shared/data');
const zip = join(shared, 'uci-incidents/incident_event_log.zip');
const missing = !existsSync(zip);
if (missing)
  console.info(`skipped: ${zip} is not there; set DOCKET_SHARED_DATA to the folder with uci-incidents/`);

test.skipIf(missing)(
  'the real incident log fits the incident workflow but for the transitions that are known to be odd',
  async () => {
    const mapping = parseMapping(
      {
        caseId: 'number',
        activity: 'incident_state',
        time: { column: 'sys_updated_at', format: 'd/M/yyyy HH:mm' },
        fields: {},
        caseFields: {},
        states,
      },
      'mapping.json',
    );
    const found = await conform(readCaseEvents({ file: zip, mapping }), { workflow: incident, states });
    const count = (from: string | undefined, to: string) =>
      found.transitions.find((each) => each.from === from && each.to === to)?.count;
    // From SOURCE.txt beside the file.
    expect(found).toMatchObject({ events: 141_712, cases: 24_918, observed: 64_033 });
    expect(Object.fromEntries(found.beginnings.map((each) => [each.to, each.count]))).toEqual({
      New: 16_397,
      Active: 6_503,
      Resolved: 1_819,
      'Awaiting User Info': 193,
      'Awaiting Problem': 6,
    });
    expect(count('New', 'Closed')).toBe(11);
    expect(count('Active', 'Closed')).toBe(1);
    expect(count('Awaiting User Info', 'Closed')).toBe(1);
    const illegal = found.transitions.filter(({ legal }) => !legal);
    expect(illegal.map(({ from, to, count: times }) => `${from} > ${to}: ${times}`).sort()).toEqual([
      '-100 > Resolved: 2',
      'Active > -100: 1',
      'Closed > Active: 12',
      'New > -100: 1',
      'Resolved > Awaiting User Info: 2',
    ]);
    expect(found.legal).toBe(64_033 - 12 - 2 - 4);
    expect(found.unchanged).toBe(141_712 - 24_918 - 64_033);
  },
  60_000,
);
