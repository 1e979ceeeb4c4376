/** From an analysis to a report: the work as a process, and what the source of imported tickets claims. */
import type { Analysis, Move, ProcessFigures } from '../../projections/analysis/analysis.ts';
import { duration, percent } from './format.ts';
import type { Chart, ReportTable, Section } from './report.ts';
import { definitionsOf, leftOut } from './table-words.ts';

export function processSection({ process, quality }: Analysis): Section {
  const { moves, variants, sojourns, handovers, pingPong } = process;
  const common = { id: 'process', title: 'Which way it goes' };
  if (moves.total + variants.total + handovers.total === 0)
    return {
      ...common,
      intro: 'No ticket was opened, moved or handed over in the period.',
      charts: [],
      tables: [],
    };
  const rework = quality.find(({ name }) => name === 'reworked');
  return {
    ...common,
    intro:
      'Moves and handovers made in the period, stays that began in it and have ended, ways of the tickets opened in it.' +
      (rework === undefined
        ? ''
        : ` ${percent(rework.share)} of the resolved tickets came back to a status.`),
    charts: moves.rows.length === 0 ? [] : [moveChart(moves.rows)],
    tables: [
      movesTable(moves),
      variantsTable(variants),
      sojournsTable(sojourns),
      handoversTable(handovers),
      pingPongTable(pingPong),
    ],
  };
}

const holders = { assignee: 'agents', group: 'groups' } as const;

function movesTable(moves: ProcessFigures['moves']): ReportTable {
  return {
    caption: 'What follows what',
    headings: ['from', 'to', 'rules', 'moves', 'share of from', 'mean time in from', 'of it business'],
    rows: moves.rows.map((each) => [
      each.from,
      each.to,
      each.workflow,
      each.moves,
      percent(each.share),
      duration(each.meanMs),
      percent(each.meanMs === 0 ? null : each.meanBusinessMs / each.meanMs),
    ]),
    definitions: [
      { word: 'share of from', meaning: 'Part of all moves out of that status under the same rules.' },
    ],
    note: leftOut(moves),
  };
}

function variantsTable(variants: ProcessFigures['variants']): ReportTable {
  return {
    caption: 'Ways through the statuses',
    headings: ['way', 'rules', 'tickets', 'share', 'with those before', 'median to last resolution'],
    rows: variants.rows.map((each) => [
      each.path,
      each.workflow,
      each.tickets,
      percent(each.share),
      percent(each.cumulativeShare),
      duration(each.medianMs),
    ]),
    definitions: [
      { word: 'share', meaning: 'Part of the tickets opened in the period under the same rules.' },
    ],
    note: leftOut(variants),
  };
}

function sojournsTable(sojourns: ProcessFigures['sojourns']): ReportTable {
  return {
    caption: 'How long tickets stay in a status',
    headings: ['status', 'rules', 'stays', 'median', '90 %', '95 %', '99 %', 'mean'],
    rows: sojourns.rows.map(({ status, workflow, count, p50, p90, p95, p99, mean }) => [
      status,
      workflow,
      count,
      ...[p50, p90, p95, p99, mean].map(duration),
    ]),
    definitions: [
      { word: 'stay', meaning: 'From coming into a status to leaving it; a ticket may come back.' },
    ],
    note: leftOut(sojourns),
  };
}

function handoversTable(handovers: ProcessFigures['handovers']): ReportTable {
  return {
    caption: 'Handovers',
    headings: ['between', 'from', 'to', 'handovers', 'straight back', 'mean time before'],
    rows: handovers.rows.map((each) => [
      holders[each.dimension],
      each.from,
      each.to,
      each.handovers,
      each.returns,
      duration(each.meanMs),
    ]),
    definitions: [
      {
        word: 'handover',
        meaning:
          'From one agent or group to another; a time in which nobody had the ticket makes no difference.',
      },
      { word: 'straight back', meaning: 'To the one that it had just come from: A to B to A.' },
    ],
    note: leftOut(handovers),
  };
}

function pingPongTable(pingPong: ProcessFigures['pingPong']): ReportTable {
  return {
    caption: 'Ping-pong pairs',
    headings: ['between', 'one', 'other', 'handovers', 'straight back'],
    rows: pingPong.rows.map((each) => [
      holders[each.dimension],
      each.one,
      each.other,
      each.handovers,
      each.returns,
    ]),
    definitions: [],
    note: leftOut(pingPong),
  };
}

function moveChart(moves: readonly Move[]): Chart {
  const byFrequency = (of: 'from' | 'to') => [...new Set(moves.map((move) => move[of]))];
  const [rows, columns] = [byFrequency('from'), byFrequency('to')];
  const at = (from: string, to: string) =>
    moves.reduce((sum, move) => (move.from === from && move.to === to ? sum + move.moves : sum), 0);
  return {
    kind: 'heat',
    title: 'What follows what',
    description: 'Rows are the status that was left, columns the one that followed; darker is more often.',
    rows,
    columns,
    values: rows.map((from) => columns.map((to) => at(from, to))),
  };
}

/** Nothing where no ticket carries claims. */
export function claimsSections({ sourceClaims }: Analysis): readonly Section[] {
  if (sourceClaims === null) return [];
  const { counts, madeSla } = sourceClaims;
  const tables: ReportTable[] = [];
  if (counts.length > 0)
    tables.push({
      caption: 'Counters',
      headings: ['figure', 'tickets', 'claimed', 'rebuilt', 'equal in', 'claims more in', 'claims less in'],
      rows: counts.map((each) => [
        each.label,
        each.tickets,
        each.claimed,
        each.rebuilt,
        `${each.equal.toLocaleString('en')} (${percent(each.equal / each.tickets)})`,
        each.claimedMore,
        each.rebuiltMore,
      ]),
      definitions: definitionsOf(counts),
    });
  if (madeSla.length > 0) {
    const total = madeSla.reduce((sum, { tickets }) => sum + tickets, 0);
    tables.push({
      caption: 'made_sla',
      headings: ['the source says', 'tickets', 'share', 'median of full resolution', '90 %'],
      rows: madeSla.map((each) => [
        each.madeSla ? 'kept' : 'missed',
        each.tickets,
        percent(each.tickets / total),
        duration(each.p50),
        duration(each.p90),
      ]),
      definitions: [
        {
          word: 'made_sla',
          meaning:
            "The source's verdict, as its last row has it. It tells neither a policy nor a target nor a deadline, so that" +
            ' no clock can be rebuilt from it; what can be held against it is how long those tickets took.',
        },
      ],
    });
  }
  return [
    {
      id: 'claims',
      title: 'What the source claims',
      intro:
        'Imported tickets carry figures of their source. Docket never takes them over; here they stand beside what the' +
        " source's own log shows, of the tickets first resolved in the period.",
      charts: [],
      tables,
    },
  ];
}
