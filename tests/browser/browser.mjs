/** A Chromium that talks to loopback alone, and leaves nothing behind. */

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
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
  // Two tabs find each other by WebRTC, on loopback and without mDNS.
  '--allow-loopback-in-peer-connection',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
];

/** Starts it with a profile and a home of its own. */
export async function launch() {
  if (!CHROMIUM) throw new Error('no Chromium: install the package chromium, or set CHROMIUM');
  const home = mkdtempSync(join(tmpdir(), 'socker-browser-'));
  const context = await chromium.launchPersistentContext(join(home, 'profile'), {
    executablePath: CHROMIUM,
    args: FLAGS,
    env: { ...process.env, HOME: home },
    viewport: { width: 1200, height: 800 },
  });
  // Who may not use these is not told the addresses of this machine, and has no candidates on loopback.
  await context.grantPermissions(['microphone', 'camera']);
  return {
    context,
    async close() {
      await context.close();
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
