/** Ctrl-C and SIGTERM as an AbortSignal, so that long work can end in order. */

export interface StopSignals {
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly stop: AbortSignal;
  /** Aborted by the second: whoever sent it does not want to wait. */
  readonly hurry: AbortSignal;
}

/** For a server, whose end takes time: the third SIGINT or SIGTERM ends the process at once. */
export function stopSignals(): StopSignals {
  const stop = new AbortController();
  const hurry = new AbortController();
  const onSignal = () => {
    if (hurry.signal.aborted) process.exit(130);
    if (stop.signal.aborted) hurry.abort();
    stop.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.on('disconnect', () => stop.abort());
  return { stop: stop.signal, hurry: hurry.signal };
}

/**
 * Aborted by the first SIGINT or SIGTERM; a second SIGINT ends the process at once. `ignoreInterrupt` is for
 * a child process: the terminal sends Ctrl-C to it too, but its parent says when it is to stop.
 */
export function stopSignal(options: { readonly ignoreInterrupt?: boolean } = {}): AbortSignal {
  const controller = new AbortController();
  let interrupts = 0;
  process.on('SIGINT', () => {
    if (options.ignoreInterrupt === true) return;
    interrupts += 1;
    if (interrupts > 1) process.exit(130);
    controller.abort();
  });
  process.on('SIGTERM', () => controller.abort());
  process.on('disconnect', () => controller.abort());
  // Listening for the parent's end must not itself keep a child alive whose work is done.
  process.channel?.unref();
  return controller.signal;
}
