/**
 * Event logs of other systems as case events: XES and CSV, packed and plain, well and badly made. Whatever is
 * in a file is either a case event or told as malformed, with its line.
 */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readCaseEvents } from '../../../adapters/imports/read-case-events.ts';
import { csvMapping, readAll, tempFile, xes, xesEvent, xesTrace } from './case-files.ts';
import { zipOf } from './uci-files.ts';

const march1 = Date.UTC(2016, 2, 1, 8);

describe('XES', () => {
  test('events with their case, who, when and all other attributes, typed', async () => {
    const { events, malformed } = await readAll(
      xes(
        '<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>',
        '<classifier name="Activity" keys="concept:name lifecycle:transition"/>',
        '<string key="source" value="a desk"/>',
        '<trace>',
        '<string key="concept:name" value="C 1"/><int key="amount" value="12"/>',
        xesEvent(
          'A &amp; B',
          '2016-03-01T09:00:00.123+01:00',
          '<string key="lifecycle:transition" value="complete"/>',
          '<string key="org:resource" value="ann"/><string key="org:group" value="desk"/>',
          '<int key="count" value="-3"/><float key="Cost Total" value="2.5"/>',
          '<boolean key="ok" value="true"/><id key="ref" value="x-1"/>',
          '<date key="due" value="2016-03-02T00:00:00Z"/><int key="huge" value="12345678901234567890"/>',
        ),
        '</trace>',
      ),
    );
    expect(malformed).toEqual([]);
    expect(events).toEqual([
      {
        caseId: 'C 1',
        activity: 'A & B',
        lifecycle: 'complete',
        at: march1 + 123,
        resource: 'ann',
        group: 'desk',
        attributes: {
          count: -3,
          cost_total: 2.5,
          ok: true,
          ref: 'x-1',
          due: '2016-03-02T00:00:00Z',
          huge: '12345678901234567890',
        },
        caseAttributes: { case_amount: 12 },
        line: 8,
      },
    ]);
  });

  test('lists, containers and attributes of attributes keep everything', async () => {
    const more = [
      '<list key="tags"><values><string key="tag" value="a"/><string key="tag" value="b"/></values></list>',
      '<list key="parts"><int key="part" value="1"/><int key="part" value="2"/></list>',
      '<container key="cost"><float key="total" value="2"/><string key="currency" value="EUR"/></container>',
      '<string key="item" value="pump"><boolean key="new" value="false"/></string>',
    ];
    const { events } = await readAll(xes(xesTrace('1', xesEvent('A', '2016-03-01T08:00:00Z', ...more))));
    expect(events[0]?.attributes).toEqual({
      tags: ['a', 'b'],
      parts_1_part: 1,
      parts_2_part: 2,
      cost_total: 2,
      cost_currency: 'EUR',
      item: 'pump',
      item_new: false,
    });
  });

  test('globals stand in for attributes that lack, never for activity, case or time', async () => {
    const globals = [
      '<global scope="trace"><string key="concept:name" value="none"/><string key="kind" value="usual"/></global>',
      '<global scope="event"><string key="concept:name" value="none"/><string key="org:resource" value="nobody"/>',
      '<date key="time:timestamp" value="1970-01-01T00:00:00Z"/><string key="cost" value="0"/></global>',
    ];
    const { events, malformed } = await readAll(
      xes(
        ...globals,
        xesTrace(
          '1',
          xesEvent('A', '2016-03-01T08:00:00Z'),
          '<event><string key="concept:name" value="B"/></event>',
        ),
        `<trace>${xesEvent('A', '2016-03-01T08:00:00Z')}</trace>`,
      ),
    );
    expect(events).toMatchObject([
      { resource: 'nobody', attributes: { cost: '0' }, caseAttributes: { case_kind: 'usual' } },
    ]);
    expect(malformed.map(({ line, problem }) => [line, problem.code, problem.column])).toEqual([
      [9, 'missing_cell', 'time:timestamp'],
      [11, 'missing_cell', 'concept:name of the trace'],
    ]);
  });

  test('what XES does not know is told with its line, and the rest is taken', async () => {
    const { events, malformed } = await readAll(
      xes(
        xesTrace(
          '1',
          xesEvent('A', '2016-03-01T08:00:00Z'),
          xesEvent('B', 'yesterday'),
          xesEvent('C', '2016-03-01T08:00:00Z', '<int key="n" value="many"/>'),
          xesEvent('D', '2016-03-01T08:00:00Z', '<string value="no key"/>'),
          '<string key="late" value="x"/>',
          '<note><string key="a" value="b"/></note>',
        ),
        xesEvent('E', '2016-03-01T08:00:00Z'),
      ),
    );
    expect(events.map(({ activity }) => activity)).toEqual(['A']);
    expect(
      malformed.map(({ line, caseId, problem }) => [line, caseId, problem.code, problem.message]),
    ).toEqual([
      [
        6,
        '1',
        'unreadable_cell',
        expect.stringMatching(/time:timestamp holds "yesterday", which is not a time/),
      ],
      [7, '1', 'unreadable_cell', expect.stringMatching(/n holds "many"/)],
      [8, '1', 'malformed_element', '<string> must have a key and a value'],
      [9, '1', 'malformed_element', expect.stringMatching(/key="late"> comes after events/)],
      [10, '1', 'malformed_element', '<note> has no meaning inside <trace>'],
      [12, undefined, 'malformed_element', expect.stringMatching(/outside of a trace/)],
    ]);
  });

  test('packed, in another encoding, and cut anywhere into chunks', async () => {
    const text = xes(xesTrace('Fälle', xesEvent('Öffnen', '2016-03-01T08:00:00Z')));
    const latin1 = Buffer.from(text.replace('UTF-8', 'ISO-8859-1'), 'latin1');
    const utf16 = Buffer.from(`\ufeff${text.replace('UTF-8', 'UTF-16')}`, 'utf16le');
    for (const content of [
      text,
      gzipSync(text),
      zipOf(text, 'log.xes'),
      latin1,
      utf16,
      `\ufeff\n${text.slice(39)}`,
    ]) {
      const { events } = await readAll(content);
      expect(events).toMatchObject([{ caseId: 'Fälle', activity: 'Öffnen', at: march1 }]);
    }
  });

  test.each([
    ['a cut file', xes(xesTrace('1')).slice(0, -20), /is no XES file: line \d+:\d+: unclosed tag/],
    ['two mixed tags', xes('<trace></event>'), /line 3:\d+: /],
    ['other XML', '<html/>', /begins with <html>, not with <log>/],
    ['a wrong encoding', Buffer.from(xes('<string key="ä" value=""/>'), 'latin1'), /not in the encoding/],
    ['an unknown encoding', xes().replace('UTF-8', 'EBCDIC-X'), /not in the encoding/],
    [
      'entities that multiply',
      `<!DOCTYPE a [<!ENTITY b "cc">]>${xes('<string key="k" value="&b;"/>').slice(39)}`,
      /undefined entity/,
    ],
    ['gzip cut short', gzipSync(xes()).subarray(0, 60), /can not be read: unexpected end of file/],
    ['nothing', '', /is empty/],
  ])('%s is a fault that says what and where', async (_, content, message) => {
    await expect(readAll(content)).rejects.toMatchObject({
      code: 'input_unreadable',
      message: expect.stringMatching(message),
    });
  });
});

describe('CSV', () => {
  const file = (...lines: readonly string[]) => `case,what,when,who,team,Cost €\n${lines.join('\n')}\n`;

  test('columns as the mapping says; all others as text fields', async () => {
    const { events } = await readAll(file('1,A,2016-03-01T08:00:00Z,ann,desk,"1,5"'), {
      ...csvMapping,
      resource: 'who',
    });
    expect(events).toEqual([
      {
        caseId: '1',
        activity: 'A',
        lifecycle: undefined,
        at: march1,
        resource: 'ann',
        group: undefined,
        attributes: { team: 'desk', cost: '1,5' },
        caseAttributes: {},
        line: 2,
      },
    ]);
  });

  test('fields with types, fields of the case, texts that stand for nothing, another delimiter', async () => {
    const content = file('1,A,2016-03-01T08:00:00Z,?,true,1.5').replaceAll(',', ';');
    const { events } = await readAll(content, {
      ...csvMapping,
      delimiter: ';',
      resource: 'who',
      missing: ['?'],
      fields: { cost: { column: 'Cost €', type: 'number' }, at: { column: 'when', type: 'time' } },
      caseFields: { vip: { column: 'team', type: 'flag' } },
    });
    expect(events).toMatchObject([
      {
        resource: undefined,
        attributes: { cost: 1.5, at: '2016-03-01T08:00:00.000Z' },
        caseAttributes: { vip: true },
      },
    ]);
  });

  test('rows that can not be read are told with line, column and reason', async () => {
    const { events, malformed } = await readAll(
      file(
        '1,A,2016-03-01T08:00:00Z,,,1',
        ',A,2016-03-01,,,',
        '1,,2016-03-01,,,',
        '1,A,soon,,,',
        '1,A',
        '1,a"b",,,,',
        '1,A,2016-03-01,,,x',
      ),
      { ...csvMapping, fields: { cost: { column: 'Cost €', type: 'number' } } },
    );
    expect(events).toHaveLength(1);
    expect(malformed.map(({ line, problem }) => [line, problem.code, problem.column])).toEqual([
      [3, 'missing_cell', 'column case'],
      [4, 'missing_cell', 'column what'],
      [5, 'unreadable_cell', 'column when'],
      [6, 'cell_count', undefined],
      [7, 'quoting', undefined],
      [8, 'unreadable_cell', 'column Cost €'],
    ]);
    expect(malformed[2]?.record).toMatchObject({ case: '1', when: 'soon' });
  });

  test('where nobody listens, the first malformed row ends the reading', async () => {
    const xesFile = await tempFile(xes('<event/>'), 'log.xes');
    const reading = async () => {
      for await (const _ of readCaseEvents({ file: xesFile }));
    };
    await expect(reading()).rejects.toMatchObject({
      message: expect.stringMatching(/line 3: an event outside/),
    });
  });

  test.each([
    ['no mapping', undefined, /a mapping must say which column is what/],
    [
      'a column that is not there',
      { ...csvMapping, group: 'grp', resource: 'whom' },
      /no column whom, grp; it has case, what/,
    ],
    ['nothing required', {}, /caseId: the name .*; activity: .*; time.column: /],
    [
      'a wrong zone',
      { ...csvMapping, time: { column: 'when', zone: 'Mars' } },
      /time.zone: a time zone such as/,
    ],
    [
      'a wrong format',
      { ...csvMapping, time: { column: 'when', format: 'HH:mm' } },
      /time.format: iso, epoch-ms/,
    ],
    [
      'a wrong field',
      { ...csvMapping, fields: { Cost: 'x', ok: 3 } },
      /fields.Cost: .*fields.ok: a column's name, or/,
    ],
    ['an unknown key', { ...csvMapping, caseid: 'x' }, /caseid/],
  ])('%s is a fault that says what would be right', async (_, mapping, message) => {
    await expect(readAll(file(), mapping)).rejects.toMatchObject({
      code: 'input_unreadable',
      message: expect.stringMatching(message),
    });
  });
});
