/**
 * The sawtooth of a collected heap: healthy where its troughs, the heap right after each major collection,
 * stay where they are; a leak where they rise. Between two collections every heap rises, which is why nothing
 * else is looked at.
 */
import type { Sample } from '../../measuring/sample.ts';
import { defaultHorizonHours } from '../../statistics/lasting-growth.ts';
import { sawtooth } from '../../statistics/sawtooth.ts';
import { type Finding, unseen } from '../finding.ts';
import { newestLife } from '../intervals.ts';
import type { Seen } from '../seen.ts';
import { inBytes, inSpan, inTime } from '../words.ts';

const pattern = 'memory_sawtooth';
const hourMs = 3_600_000;
/** A heap that is full sooner is no longer something to look at tomorrow. */
const criticalHours = 24;

/** What of a sample tells about the memory of one of the processes. */
const processes = [
  {
    name: 'server',
    trough: 'serverHeapAfterMajorGcBytes',
    collections: 'serverMajorCollections',
    limit: 'serverHeapLimitBytes',
    resident: 'serverResidentBytes',
  },
  {
    name: 'projector',
    trough: 'projectorHeapAfterMajorGcBytes',
    collections: 'projectorMajorCollections',
    limit: 'projectorHeapLimitBytes',
    resident: 'projectorResidentBytes',
  },
] as const;
type Process = (typeof processes)[number];

export function memorySawtooth({ history, live, noLive }: Seen): readonly Finding[] {
  const samples = newestLife([...history, ...live]);
  const findings = processes.flatMap((process) => judge(process, samples));
  return findings.length > 0 ? findings : [unseen(pattern, noLive ?? 'no sample tells the heap')];
}

function judge(process: Process, samples: readonly Sample[]): readonly Finding[] {
  const limitBytes = samples.findLast((sample) => sample[process.limit] !== undefined)?.[process.limit];
  if (limitBytes === undefined) return [];
  const troughs = troughsOf(process, samples);
  const [first, last] = [troughs[0], troughs.at(-1)];
  const points = troughs.map(({ atMs, bytes }) => ({ x: (atMs - (first?.atMs ?? 0)) / hourMs, y: bytes }));
  const { verdict, slopePerHour, lowPerHour, highPerHour } = sawtooth(points, { limitBytes });
  if (first === undefined || last === undefined || verdict === 'too_few_samples') {
    const why = `${process.name}: ${troughs.length} major collections were seen, which is too few to tell a leak`;
    return [unseen(pattern, why)];
  }
  const slopes = [slopePerHour, lowPerHour, highPerHour].map((slope) => `${inBytes(slope)}/h`);
  const resident = samples.at(-1)?.[process.resident];
  const evidence = [
    `${process.name}: heap after a major collection ${inBytes(first.bytes)} at ${inTime(first.atMs)}, ` +
      `${inBytes(last.bytes)} at ${inTime(last.atMs)} (${troughs.length} seen)`,
    `slope ${slopes[0]}, 95 % confidence ${slopes[1]} to ${slopes[2]} (Theil–Sen)`,
    `limit of the heap ${inBytes(limitBytes)}${resident === undefined ? '' : `, resident ${inBytes(resident)}`}`,
  ];
  if (verdict === 'flat') {
    const title = `${process.name}: a healthy sawtooth: the troughs do not rise`;
    return [{ pattern, severity: 'ok', title, evidence, next: '' }];
  }
  const hoursLeft = Math.max(0, limitBytes - last.bytes) / slopePerHour;
  return [
    {
      pattern,
      severity: hoursLeft < criticalHours ? 'critical' : 'warning',
      title: `${process.name}: a leak: the heap after major collections rises and does not come back`,
      evidence: [
        ...evidence,
        `at this slope it grows by ${inBytes(slopePerHour * defaultHorizonHours)} in ${defaultHorizonHours} h ` +
          `and is full in ${inSpan(hoursLeft * hourMs)}`,
      ],
      next:
        `Restart the ${process.name} before it is full (nothing acknowledged is lost), and take two heap ` +
        'snapshots an hour apart with `node --heapsnapshot-signal=SIGUSR2` to see what grows.',
    },
  ];
}

/** One for each collection that a sample is the first to know of. */
function troughsOf(process: Process, samples: readonly Sample[]): readonly { atMs: number; bytes: number }[] {
  let known: number | undefined;
  return samples.flatMap((sample) => {
    const collections = sample[process.collections];
    const bytes = sample[process.trough];
    const isNew = collections !== undefined && collections !== known;
    known = collections ?? known;
    return isNew && bytes !== undefined && bytes > 0 ? [{ atMs: sample.atMs, bytes }] : [];
  });
}
