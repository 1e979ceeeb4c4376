/**
 * What a person sees while a load test runs: one line that moves on a terminal, a line per stage elsewhere.
 * All of it is on stderr; the result alone is on stdout.
 */
import { clearLine, cursorTo } from 'node:readline';
import { note } from '../cli/output.ts';
import type { GeneratorSecond } from './generator/generator.ts';
import { secondsOf } from './order.ts';
import type { StageResult } from './result.ts';
import type { RunProgress } from './run.ts';
import type { Stage } from './scenario.ts';

/** `quiet` leaves out everything but notes of what takes long. */
export function liveProgress(quiet: boolean): RunProgress {
  const moving = !quiet && process.stderr.isTTY === true;
  const clear = () => {
    if (!moving) return;
    clearLine(process.stderr, 0);
    cursorTo(process.stderr, 0);
  };
  return {
    note(line) {
      clear();
      note(`  ${line}`);
    },
    stage(stage, users) {
      clear();
      if (moving) process.stderr.write(`  ${stage.name}: ${users.toLocaleString('en')} users`);
    },
    second(stage, row) {
      clear();
      if (moving) process.stderr.write(`  ${secondInWords(stage, row)}`);
    },
    stageEnd(result) {
      clear();
      if (!quiet) note(`  ${stageInWords(result)}`);
    },
  };
}

function secondInWords(stage: Stage, { second, due, endings, p50Ms, p99Ms }: GeneratorSecond): string {
  const failed = Object.values(endings).reduce((sum, count) => sum + count, 0) - endings.succeeded;
  return (
    `${stage.name}  ${second + 1} of ${Math.ceil(secondsOf(stage))} s  ${due.toLocaleString('en')} due` +
    `  p50 ${p50Ms.toFixed(1)} ms  p99 ${p99Ms.toFixed(1)} ms${failed === 0 ? '' : `  ${failed} failed`}`
  );
}

function stageInWords(result: StageResult): string {
  const { name, sweep, role, users, offeredPerSecond, achievedPerSecond, latency, endings, notSent } = result;
  const { validity } = result;
  const failed = Object.values(endings).reduce((sum, count) => sum + count, 0) - endings.succeeded;
  const more = [
    ...(failed === 0 ? [] : [`${failed.toLocaleString('en')} did not succeed`]),
    ...(notSent === 0 ? [] : [`${notSent.toLocaleString('en')} not sent`]),
    ...(validity.valid ? [] : ['the generator itself was late']),
  ];
  const rates = `${offeredPerSecond.toFixed(1)}/s offered, ${achievedPerSecond.toFixed(1)}/s achieved`;
  const times = `p50 ${latency.p50Ms.toFixed(1)} ms, p99 ${latency.p99Ms.toFixed(1)} ms`;
  const title = [name, sweep, `${users.toLocaleString('en')} users`, role].filter(Boolean).join(', ');
  return `${title}: ${[rates, times, ...more].join('; ')}`;
}
