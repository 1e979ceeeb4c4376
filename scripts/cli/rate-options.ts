/** The options of a server that say how much one caller may send, and where callers come from. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseRate, type Rate, type Rates, ratesDefault } from '../../adapters/http/admission/rates.ts';
import { wholeNumber } from './options.ts';

export interface RateOptions {
  readonly ratePerKey: Rate;
  readonly commandsPerKey: Rate;
  readonly ratePerAddress: Rate;
  readonly trustProxy: number;
}

const proxiesMax = 8;

export function withRates(command: Command): Command {
  const { requestsPerKey, commandsPerKey, requestsPerAddress } = ratesDefault;
  return command
    .addOption(rateOption('--rate-per-key <rate>', 'requests of one credential', requestsPerKey))
    .addOption(rateOption('--commands-per-key <rate>', 'commands in its bulk requests', commandsPerKey))
    .addOption(
      rateOption(
        '--rate-per-address <rate>',
        'requests from one address but this machine',
        requestsPerAddress,
      ),
    )
    .option(
      '--trust-proxy <number>',
      'proxies before the server, whose X-Forwarded-For says where requests come from',
      wholeNumber(0, proxiesMax),
      0,
    );
}

/** What the HTTP server is to be told. */
export function ratesOf(options: RateOptions): { readonly rates: Partial<Rates>; readonly proxies: number } {
  return {
    rates: {
      requestsPerKey: options.ratePerKey,
      commandsPerKey: options.commandsPerKey,
      requestsPerAddress: options.ratePerAddress,
    },
    proxies: options.trustProxy,
  };
}

function rateOption(flags: string, meaning: string, byDefault: Rate): Option {
  const { quota, windowSeconds } = byDefault;
  return new Option(flags, `${meaning}, as 100/s, 6000/m or 360000/h`)
    .argParser(readRate)
    .default(byDefault, `${quota} in ${windowSeconds} s`);
}

function readRate(text: string): Rate {
  const found = parseRate(text);
  if (found !== undefined) return found;
  throw new InvalidArgumentError('It must be a number per second, minute or hour, such as 100/s or 6000/m.');
}
