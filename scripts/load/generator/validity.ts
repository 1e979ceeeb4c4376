/**
 * Whether figures of a load test can be believed: they can not where the generator itself was the slow part.
 * It must judge the generator only; what the server did wrong is for the KPIs. So requests that waited for a
 * connection, or were never sent for want of one, are no reason: the server was asked, and was too slow.
 */
import type { Histogram } from 'hdr-histogram-js';
import type { Quantiles, Validity } from '../result.ts';

/** What a run told about its generator, over its measured stages. */
export interface GeneratorEvidence {
  /** Of the stages that are not bursts at one instant. */
  readonly latency: Histogram;
  readonly sendDelay: Histogram;
  /** Of those that are. */
  readonly bursts?: { readonly latency: Histogram; readonly sendDelay: Histogram };
  /** The highest of the stages'. */
  readonly generatorCpuShare: number;
  readonly due: number;
  readonly sent: number;
  readonly notSent: number;
}

/**
 * Send delay is in the latency too. Below this nobody cares: it is a tenth of what an interface feels like at
 * once (100 ms; Nielsen, Usability Engineering, 1993), and what a garbage collection of the sender takes.
 */
const sendDelayP99MsMin = 10;
/** A slow server is judged as well by a generator whose lateness is a small part of what it measures. */
const sendDelayShareMax = 0.1;
/** But its own lateness makes latencies longer too, and must not be what excuses it. */
const sendDelayP99MsMax = 50;
/**
 * Requests that are all due at one instant can only be sent one after another: all but the first are late. As
 * long as they come at least twice as fast as they are answered, the server has something to do all the
 * time, so that no answer would have come earlier had they come at once.
 */
const burstSendShareMax = 0.5;
/** From here on, requests queue inside the generator faster than its lateness can tell. */
const cpuShareMax = 0.9;

export function judgeValidity(evidence: GeneratorEvidence): Validity {
  const { latency, sendDelay, generatorCpuShare, due, sent, notSent } = evidence;
  const delay = quantilesOf(sendDelay);
  const { p50Ms } = quantilesOf(latency);
  const allowedMs = clamp(p50Ms * sendDelayShareMax, sendDelayP99MsMin, sendDelayP99MsMax);
  const reasons: string[] = [];
  if (delay.p99Ms > allowedMs) {
    reasons.push(
      `The generator was late itself: 1 % of the requests by more than ${inMs(delay.p99Ms)}, where` +
        ` ${inMs(allowedMs)} is allowed. Give it more workers or cores, or ask for less.`,
    );
  }
  reasons.push(...burstReasons(evidence.bursts));
  if (generatorCpuShare > cpuShareMax) {
    reasons.push(
      `A thread of the generator was busy for ${Math.round(generatorCpuShare * 100)} % of the time, where` +
        ` ${cpuShareMax * 100} % is allowed. Give it more workers or cores, or ask for less.`,
    );
  }
  if (sent + notSent !== due) {
    reasons.push(`Of ${due} requests that were due, ${sent + notSent} are accounted for.`);
  }
  return { valid: reasons.length === 0, reasons, sendDelay: delay, generatorCpuShare };
}

function burstReasons(bursts: GeneratorEvidence['bursts']): readonly string[] {
  if (bursts === undefined) return [];
  const sentMs = quantilesOf(bursts.sendDelay).p99Ms;
  const answeredMs = quantilesOf(bursts.latency).p99Ms;
  if (sentMs <= Math.max(sendDelayP99MsMin, answeredMs * burstSendShareMax)) return [];
  return [
    `The generator took ${inMs(sentMs)} to send a burst that was answered within ${inMs(answeredMs)}: it was` +
      ' not fast enough to keep the server busy. Give it more workers or cores.',
  ];
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}

/** The figures of a histogram in microseconds. */
export function quantilesOf(micros: Histogram): Quantiles {
  const { totalCount: count } = micros;
  if (count === 0) {
    return { count, meanMs: 0, p50Ms: 0, p75Ms: 0, p90Ms: 0, p99Ms: 0, p999Ms: 0, maxMs: 0 };
  }
  const at = (percentile: number) => micros.getValueAtPercentile(percentile) / 1_000;
  return {
    count,
    meanMs: micros.mean / 1_000,
    p50Ms: at(50),
    p75Ms: at(75),
    p90Ms: at(90),
    p99Ms: at(99),
    p999Ms: at(99.9),
    maxMs: micros.maxValue / 1_000,
  };
}

function inMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
