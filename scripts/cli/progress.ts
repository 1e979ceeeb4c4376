/** A progress bar for long work, where somebody is watching; silent otherwise. */
import { Presets, SingleBar } from 'cli-progress';

export interface Progress {
  /** `done` of `total`, in whatever unit the work has. */
  report(done: number, total: number): void;
  stop(): void;
}

const silent: Progress = { report: () => undefined, stop: () => undefined };

/** Drawn on stderr, and only when that is a terminal and the result is not asked for as JSON. */
export function progressBar(
  label: string,
  unit: string,
  options: { readonly json?: boolean | undefined },
): Progress {
  if (options.json === true || !process.stderr.isTTY) return silent;
  const format = `${label} [{bar}] {percentage}% | {value}/{total} ${unit} | {eta_formatted} left`;
  const bar = new SingleBar(
    { format, hideCursor: true, stream: process.stderr, fps: 8 },
    Presets.shades_classic,
  );
  let started = false;
  return {
    report(done, total) {
      if (!started) bar.start(total, 0);
      started = true;
      bar.setTotal(total);
      bar.update(done);
    },
    stop() {
      if (started) bar.stop();
    },
  };
}
