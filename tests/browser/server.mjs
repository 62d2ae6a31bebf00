/** The program under test, on a free port. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const PROGRAM =
  process.env.SOCKER ?? `${process.env.CARGO_TARGET_DIR ?? `${ROOT}/target`}/debug/socker`;

/**
 * Starts it and waits for its first line, which has the address.
 * @param {string} listen @param {string[]} options  more arguments @param {string[]} within  a command that starts it
 */
export async function serve(listen = '127.0.0.1:0', options = [], within = []) {
  const [program, ...words] = [...within, PROGRAM, 'serve', '--listen', listen, ...options];
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([
    once(lines, 'line'),
    exit.then(([code]) => Promise.reject(new Error(`${PROGRAM} ended with ${code}`))),
  ]);
  const address = /http:\/\/[^/]+\//.exec(line)[0];
  return {
    address,
    /** Ends it as Ctrl-C does; the exit code. */
    async interrupt() {
      child.kill('SIGINT');
      return (await exit)[0];
    },
  };
}
