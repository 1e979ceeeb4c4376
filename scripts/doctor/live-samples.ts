/** Samples of a running server, taken from its exporter one after the other. */
import { requestText } from '../../adapters/http/request.ts';
import { readExposition } from '../measuring/exposition.ts';
import { type Sample, sampleOf } from '../measuring/sample.ts';

/** An exporter waits a second for parts that do not answer. What is later than this is as good as none. */
const askMsMax = 5_000;

/** What the exporter at `metricsUrl` tells now. Rejects with whatever kept the answer from coming. */
export async function takeSample(metricsUrl: string): Promise<Sample> {
  const atMs = Date.now();
  const signal = AbortSignal.timeout(askMsMax);
  const answer = await requestText(new URL('/metrics', metricsUrl), { signal });
  if (answer.status !== 200) throw new Error(`${metricsUrl} answered ${answer.status}`);
  return sampleOf(readExposition(answer.text), atMs);
}
