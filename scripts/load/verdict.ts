/**
 * What a run comes to in one word, and why. A run that can not be believed is neither good nor bad; one whose
 * answers disagree with the log has failed whatever its KPIs say.
 */
import type { Counting, Kpi, LoadResult, Validity } from './result.ts';

export interface Judgement {
  readonly verdict: LoadResult['verdict'];
  readonly why: string;
}

export function verdictOf(run: {
  readonly validity: Validity;
  readonly kpis: readonly Kpi[];
  readonly counting: Counting;
}): Judgement {
  const { validity, kpis, counting } = run;
  if (!validity.valid) return { verdict: 'invalid', why: validity.reasons.join('; ') };
  if (!counting.equal) return { verdict: 'failed', why: disagreement(counting) };
  const missed = kpis.filter(({ verdict }) => verdict === 'missed');
  if (missed.length > 0) {
    const each = missed.map(({ name, measured, limit }) => `${name} ${measured}, asked for ${limit}`);
    return { verdict: 'failed', why: `missed: ${each.join('; ')}` };
  }
  const met = kpis.filter(({ verdict }) => verdict === 'met').length;
  const why =
    met === 0
      ? 'it ran to its end, its figures are valid, and the log agrees; no KPI was to be judged'
      : `met all ${met} KPIs that were judged, and the log agrees with the answers`;
  return { verdict: 'passed', why };
}

function disagreement({ logBefore, logAfter, acknowledged }: Counting): string {
  const grown = (logAfter - logBefore).toLocaleString('en');
  return (
    `answers acknowledged ${acknowledged.toLocaleString('en')} events and the log grew by ${grown}:` +
    ' either somebody else wrote to it, or an acknowledged event is missing'
  );
}
