/** The whole report of an analysis, section by section, and what has to be known about all of it. */
import type { Analysis, AnalysisFilter, AnalysisPeriod } from '../../projections/analysis/analysis.ts';
import { flowSection } from './flow-section.ts';
import { instantLabel, nothing, orNone } from './format.ts';
import { claimsSections, processSection } from './process-sections.ts';
import type { Report } from './report.ts';
import { ageingSection, breakdownSection, qualitySection, slaSection, timesSection } from './sections.ts';

/** An empty period gives a report that says so, and what is known instead. */
export function buildReport(analysis: Analysis): Report {
  const { period, filter } = analysis;
  const days =
    period.firstDay === period.lastDay ? period.firstDay : `${period.firstDay} to ${period.lastDay}`;
  return {
    title: 'Docket analysis',
    subtitle: `${days}${filterText(filter)}`,
    remarks: [
      ...(analysis.empty ? [emptyRemark(period)] : []),
      ...(period.cut ? ['The history is longer than one report may be; these are its last days.'] : []),
      ...asOfRemarks(analysis),
      ...(hasLabels(filter) ? [filterRemark] : []),
    ],
    sections: analysis.empty
      ? [ageingSection(analysis)]
      : [
          flowSection(analysis),
          timesSection(analysis),
          qualitySection(analysis),
          slaSection(analysis),
          ageingSection(analysis),
          ...analysis.breakdowns.map(breakdownSection),
          processSection(analysis),
          ...claimsSections(analysis),
        ],
  };
}

const filterRemark =
  'Tickets are chosen by what they are now; the backlog by group and priority, and SLA clocks, by what they were then.';

function emptyRemark({ known }: AnalysisPeriod): string {
  return known === null
    ? 'Nothing happened in the period: there is no ticket yet.'
    : `Nothing happened in the period; what is known of these tickets is from ${known.firstDay} to ${known.lastDay}.`;
}

function asOfRemarks({ asOf, askedAt }: Analysis): readonly string[] {
  const places = new Set(asOf.map(({ position, recordedAt }) => `${position} ${recordedAt}`));
  const told = (each: Analysis['asOf'][number]) =>
    `position ${each.position.toLocaleString('en')}, recorded ${each.recordedAt === null ? nothing : instantLabel(each.recordedAt)}`;
  const [first] = asOf;
  const state =
    first === undefined
      ? 'no read model is live'
      : places.size === 1
        ? told(first)
        : asOf.map((each) => `${each.projection} ${told(each)}`).join('; ');
  const parked = asOf.filter((each) => each.parked > 0);
  return [
    `As of ${state}; asked on ${instantLabel(askedAt)}.`,
    ...parked.map(
      ({ projection, parked: tickets }) =>
        `${tickets} parked tickets stand still in ${projection}; see \`docket projections status\`.`,
    ),
  ];
}

function hasLabels({ group, priority, category, workflow }: AnalysisFilter): boolean {
  return [group, priority, category, workflow].some((label) => label !== undefined);
}

function filterText({ group, priority, category, workflow }: AnalysisFilter): string {
  return Object.entries({ group, priority, category, workflow })
    .map(([name, value]) => (value === undefined ? '' : `, ${name} ${orNone(value)}`))
    .join('');
}
