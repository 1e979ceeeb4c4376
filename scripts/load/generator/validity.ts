/**
 * Whether figures of a load test can be believed: they can not where the generator itself was the slow part.
 * It must judge the generator only; what the server did wrong is for the KPIs.
 */
import type { Histogram } from 'hdr-histogram-js';
import type { Validity } from '../result.ts';

/** What a run told about its generator, over its measured stages. */
export interface GeneratorEvidence {
  readonly latency: Histogram;
  readonly sendDelay: Histogram;
  /** The highest of the stages'. */
  readonly generatorCpuShare: number;
  readonly due: number;
  readonly sent: number;
  readonly notSent: number;
}

export function judgeValidity(_evidence: GeneratorEvidence): Validity {
  throw new Error('not here yet');
}
