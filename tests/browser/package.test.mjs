/** The npm package: what is in it, its types, and that it runs without a browser. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { serve } from './server.mjs';

const run = promisify(execFile);
const CLIENT = fileURLToPath(new URL('../../client/', import.meta.url));
const HERE = fileURLToPath(new URL('.', import.meta.url));
const modules = () => ['socker.js', ...readdirSync(`${CLIENT}socker`).map((name) => `socker/${name}`)];

test('the package has its modules, types and papers, and nothing else', async () => {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--offline'], { cwd: CLIENT });
  const [{ name, files }] = JSON.parse(stdout);
  const papers = ['LICENSE-APACHE', 'LICENSE-MIT', 'README.md', 'package.json', 'socker.d.ts'];
  assert.equal(name, 'socker');
  assert.deepEqual(files.map(({ path }) => path).sort(), [...papers, ...modules()].sort());
});

test('the licences are those of the project', () => {
  for (const name of ['LICENSE-APACHE', 'LICENSE-MIT']) {
    assert.equal(readFileSync(`${CLIENT}${name}`, 'utf8'), readFileSync(`${CLIENT}../${name}`, 'utf8'));
  }
});

/** What the compiler complains about. */
const compile = (config) =>
  run(`${HERE}node_modules/.bin/tsc`, ['--project', `${HERE}types/${config}`]).then(() => '', ({ stdout }) => stdout);

test('a strict page compiles against the types, and misuse does not', async () => {
  assert.equal(await compile('tsconfig.json'), '');
});

test('the modules agree with their own types', async () => {
  assert.equal(await compile('tsconfig.client.json'), '');
});

test('the program serves every module as it is', async () => {
  const server = await serve();
  try {
    for (const path of modules()) {
      const response = await fetch(server.address + path);
      assert.equal(response.status, 200, path);
      assert.equal(response.headers.get('content-type'), 'text/javascript; charset=utf-8');
      assert.equal(response.headers.get('access-control-allow-origin'), '*');
      assert.equal(await response.text(), readFileSync(CLIENT + path, 'utf8'), path);
    }
  } finally {
    await server.interrupt();
  }
});

test('rooms work in Node as well', async () => {
  const server = await serve();
  const script = `
    import { Room } from ${JSON.stringify(`${CLIENT}socker.js`)};
    const address = ${JSON.stringify(`${server.address}rooms`)};
    const owner = await Room.create(address);
    owner.send('a', ['1'], { state: true });
    const member = await Room.join(address, owner.uuid);
    const told = [];
    member.on('a', ([param]) => told.push(param)).on('b', () => owner.close());
    member.addEventListener('closed', ({ code }) => console.log(told.join(), code));
    member.addEventListener('connected', () => owner.send('b'));
    const relative = await Room.create('/rooms').catch((error) => error.name);
    console.log(relative);
  `;
  try {
    // The flag is for Node 20, which has no WebSocket without it.
    const { stdout } = await run(process.execPath, [
      '--experimental-websocket', '--no-warnings', '--input-type=module', '--eval', script,
    ]);
    assert.deepEqual(stdout.trim().split('\n'), ['TypeError', '1 room-closed']);
  } finally {
    await server.interrupt();
  }
});

test('a directory works in Node as well, up to its data channels', async () => {
  const server = await serve('127.0.0.1:0', ['--no-arena']);
  const script = `
    import { Directory } from ${JSON.stringify(`${CLIENT}socker.js`)};
    const game = new WebSocket(${JSON.stringify(`${server.address}directory/servers`.replace('http', 'ws'))});
    game.onopen = () => game.send(new TextEncoder().encode('\\0{"name":"duel"}'));
    const directory = new Directory(${JSON.stringify(`${server.address}directory/clients`)});
    directory.addEventListener('serveradded', async ({ server }) => {
      const code = await server.connect().catch(({ code }) => code);
      console.log(server.metadata.name, code);
      game.close();
    });
    directory.addEventListener('serverremoved', () => directory.close());
    directory.addEventListener('closed', ({ code }) => console.log(directory.servers.length, code));
  `;
  try {
    const { stdout } = await run(process.execPath, [
      '--experimental-websocket', '--no-warnings', '--input-type=module', '--eval', script,
    ]);
    assert.deepEqual(stdout.trim().split('\n'), ['duel no-webrtc', '0 left']);
  } finally {
    await server.interrupt();
  }
});
