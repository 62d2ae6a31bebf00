/** Arenas of their own: the program, in another process. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { PROGRAM } from './server.mjs';

/** Starts one and waits until it is in the directory. @param {{address: string}} server @param {string} name */
export async function startArena({ address }, name) {
  const directory = address.replace(/^http/, 'ws').replace(/\/$/, '');
  const options = ['arena', '--directory', directory, '--name', name, '--bind', '127.0.0.1:0'];
  const child = spawn(PROGRAM, options, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, RUST_LOG: 'warn' } });
  const exit = once(child, 'exit');
  await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    exit.then(([code]) => Promise.reject(new Error(`the arena ended with ${code}`))),
  ]);
  return {
    /** As a crash does: it says goodbye to nobody. */
    async kill() {
      child.kill('SIGKILL');
      await exit;
    },
  };
}
