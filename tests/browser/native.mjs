/** The example of a native game server, which echoes, and pages that find it in a directory. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const EXAMPLE =
  process.env.GAME_SERVER ??
  `${process.env.CARGO_TARGET_DIR ?? `${ROOT}/target`}/debug/examples/game_server`;

/**
 * Starts one, and waits until it is in the directory.
 * @param {string} directory  its address @param {string} name
 * @param {string[]} addresses  where it is bound and what it announces; else where it reaches the directory
 */
export async function play(directory, name, addresses = []) {
  const uri = directory.replace(/^http/, 'ws').replace(/\/$/, '');
  const child = spawn(EXAMPLE, [uri, name, ...addresses], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  /** What it says next of that kind. @param {RegExp} kind @returns {Promise<RegExpExecArray>} */
  const says = (kind) =>
    new Promise((resolve, reject) => {
      const look = (line) => {
        const found = kind.exec(line);
        if (!found) return;
        lines.off('line', look);
        resolve(found);
      };
      lines.on('line', look);
      exit.then(() => reject(new Error(`${EXAMPLE} ended before it said ${kind}`)));
    });
  const [, announced] = await says(/ is at (\S+), /);
  return {
    announced,
    says,
    /** @param {NodeJS.Signals} [signal] */
    async kill(signal) {
      child.kill(signal);
      await exit;
    },
  };
}

/** A page that has the directory, with these options, and `find(name)` for a server of it. */
export async function visit(browser, directory, options = {}) {
  const page = await browser.context.newPage();
  await page.goto(`${directory}socker.js`);
  await page.evaluate(async (options) => {
    /** The candidates that this page sends. @type {string[]} */
    window.candidates = [];
    const { send } = WebSocket.prototype;
    WebSocket.prototype.send = function (bytes) {
      if (bytes[0] === 7) window.candidates.push(new TextDecoder().decode(bytes));
      send.call(this, bytes);
    };
    const { Directory } = await import('/socker.js');
    window.directory = await Directory.open('/directory/clients', options);
    window.find = async (name) => {
      const found = () => window.directory.servers.find(({ metadata }) => metadata?.name === name);
      while (!found()) await new Promise((added) => window.directory.addEventListener('serveradded', added, { once: true }));
      return found();
    };
    /** Sends so many messages, a few at a time; what came back, in order. */
    window.echo = (channel, count) =>
      new Promise((resolve) => {
        const back = [];
        let sent = 0;
        const send = () => channel.send(`${channel.label} ${sent++}`);
        channel.onmessage = ({ data }) => {
          back.push(data);
          if (back.length === count) resolve(back);
          else if (sent < count) send();
        };
        for (let first = 0; first < 10; first++) send();
      });
  }, options);
  return page;
}
