/**
 * Loaded before a server by a test (`node --import`): from SIGUSR2 on it holds on to more and more, and has
 * its heap collected often enough that seconds show what takes days. It ends by itself: a server that only
 * collects its heap could not even be stopped.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const everyMs = 300;
const rounds = 100;
const numbersEach = 32 * 1024;

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');
const held: number[][] = [];
if (process.argv.includes('serve')) process.once('SIGUSR2', leak);

function leak(): void {
  const leaking = setInterval(() => {
    held.push(Array.from({ length: numbersEach }, (_, index) => index + held.length / 2));
    if (typeof collect === 'function') collect();
    if (held.length >= rounds) clearInterval(leaking);
  }, everyMs);
  leaking.unref();
}
