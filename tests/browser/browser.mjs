/** A Chromium that talks to loopback alone, and leaves nothing behind. */

import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Two tabs find each other by WebRTC, on loopback.
  '--allow-loopback-in-peer-connection',
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1, EXCLUDE 10.78.0.*',
];

/** Pages tell others this machine's addresses, not names that mDNS knows. */
const NO_NAMES = '--disable-features=WebRtcHideLocalIpsWithMdns';

/**
 * Starts it with a profile and a home of its own.
 * @param {object} [options]
 * @param {string[]} [options.within]  a command that starts it
 * @param {boolean} [options.isTrusted]  whether pages may know the addresses of this machine
 */
export async function launch({ within = [], isTrusted = true } = {}) {
  if (!CHROMIUM) throw new Error('no Chromium: install the package chromium, or set CHROMIUM');
  const home = mkdtempSync(join(tmpdir(), 'socker-browser-'));
  const start = join(home, 'start');
  const command = [...within, CHROMIUM].map((word) => `'${word}'`).join(' ');
  writeFileSync(start, `#!/bin/sh\necho $$ >"$HOME/pid"\nexec ${command} "$@"\n`, { mode: 0o700 });
  const context = await chromium.launchPersistentContext(join(home, 'profile'), {
    executablePath: start,
    args: isTrusted ? [...FLAGS, NO_NAMES] : FLAGS,
    env: { ...process.env, HOME: home },
    viewport: { width: 1200, height: 800 },
  });
  // Who may not use these is not told the addresses of this machine, and has no candidates on loopback.
  if (isTrusted) await context.grantPermissions(['microphone', 'camera']);
  const close = async () => {
    await context.close();
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  };
  return {
    context,
    close,
    /** Ends it as a crash does, with all of its processes: it can't take leave of anybody. */
    async kill() {
      const gone = once(context, 'close');
      process.kill(-Number(readFileSync(join(home, 'pid'))), 'SIGKILL');
      await gone;
      await close();
    },
  };
}

/**
 * Listens from now on for words that an element shows, for however short a time.
 * @param {import('playwright-core').Page} page @param {string} id @param {string} begin  of the words
 */
export async function listen(page, id, begin) {
  const words = await page.evaluateHandle(
    ([id, begin]) => {
      const element = document.getElementById(id);
      const said = new Promise((say) => {
        const look = () => element.textContent.startsWith(begin) && say(element.textContent);
        new MutationObserver(look).observe(element, { childList: true, characterData: true, subtree: true });
      });
      return { said };
    },
    [id, begin],
  );
  return { said: () => words.evaluate(({ said }) => said) };
}
