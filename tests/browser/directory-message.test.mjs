/** The client's codec of the directory's messages, by the vectors that it shares with the server's. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decode, encodeCandidate, encodeOffer } from '../../client/socker/directory-message.js';

/** `00 "text"` to bytes. */
const bytes = (notation) =>
  Buffer.concat(
    [...notation.matchAll(/"([^"]*)"|([0-9a-f]{2})/g)].map(([, text, hex]) => (hex ? Buffer.from(hex, 'hex') : Buffer.from(text))),
  );
const buffer = (notation) => Uint8Array.from(bytes(notation)).buffer;

const vectors = readFileSync(new URL('../vectors/directory.txt', import.meta.url), 'utf8')
  .split('\n\n')
  .map((block) => Object.fromEntries([...block.matchAll(/^(\w+): ?(.*)$/gm)].map(([, key, value]) => [key, value])))
  .filter(({ name }) => name);
const named = (name) => vectors.find((vector) => vector.name === name).in;

test('whatever the directory says is read, or known to be wrong', () => {
  const said = vectors.filter(({ sender }) => sender === 'DirectoryToClient');
  assert.ok(said.length > 8);
  for (const { name, in: notation, error } of said) {
    assert.equal(decode(buffer(notation)) === null, error !== undefined, name);
  }
});

test('messages mean what the server means', () => {
  const meant = {
    'no servers': { type: 'added', servers: [] },
    'two servers': { type: 'added', servers: [{ id: 2, text: '{}' }, { id: 16909060, text: '[1,[2]]' }] },
    'removed servers': { type: 'removed', ids: [1, 4294967295] },
    'an answer for a client': { type: 'answer', id: 1, sdp: 'v=0' },
    'the end of the candidates, for a client': { type: 'candidate', id: 1, candidate: null },
    'a rejection for a client': { type: 'rejected', id: 9 },
    'changed servers': { type: 'changed', servers: [{ id: 2, text: '1' }] },
  };
  for (const [name, message] of Object.entries(meant)) assert.deepEqual(decode(buffer(named(name))), message, name);
  const candidate = { sdpMid: 'data', sdpMLineIndex: 258, candidate: 'é' };
  assert.deepEqual(decode(buffer('0a ff ff ff ff 04 "data" 01 02 "é"')), { type: 'candidate', id: 4294967295, candidate });
  assert.deepEqual(decode(buffer('0f 00 07 "late"')), { type: 'problem', code: 7, text: 'late' });
  assert.deepEqual(decode(buffer('10 00 00 00 02')), { type: 'unknown' });
});

test('what a client says has the bytes of the vectors', () => {
  const is = (written, name) => assert.deepEqual(Buffer.from(written), bytes(named(name)), name);
  is(encodeOffer(7, 'v=0\r\n'), "a client's offer");
  const candidate = 'candidate:1 1 UDP 1 10.0.0.1 9 typ host';
  is(encodeCandidate(1, { sdpMid: '0', sdpMLineIndex: 0, candidate }), "a client's candidate");
  assert.deepEqual([...encodeCandidate(1, null)], [7, 0, 0, 0, 1, 0]);
});

test('no bytes throw, and messages that are cut short are none', () => {
  for (const { in: notation } of vectors) {
    const all = bytes(notation);
    for (let length = 0; length <= all.length; length++) {
      for (const flip of [0, 1, 128]) {
        const some = Uint8Array.from(all.subarray(0, length));
        if (length) some[length - 1] ^= flip;
        decode(some.buffer);
      }
    }
  }
});
