/**
 * A network device with this very host on both of its ends, and a bad link between them. What is sent to
 * THERE comes back as if THERE had sent it to HERE: its addresses are exchanged, which leaves all
 * checksums as they are. So who connects to THERE reaches a server of HERE, over the system's own TCP.
 *
 * It runs in a network namespace of its own, with the device as standard input: see `open`.
 */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, read, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Link } from './link.mjs';

export const HERE = '10.78.0.1';
export const THERE = '10.78.0.2';

const SELF = fileURLToPath(import.meta.url);
/** To open a device takes an ioctl, TUNSETIFF with IFF_TUN and IFF_NO_PI, which Node.js does not have. */
const OPEN = `my $request = pack('a16 s x22', 'tun0', 0x1001);
  open(STDIN, '+<', '/dev/net/tun') && ioctl(STDIN, 0x400454ca, $request) or die "no device: $!"; exec @ARGV`;

/** Why there can be none here, if so. */
export function missing() {
  try {
    accessSync('/dev/net/tun');
    for (const program of ['ip', 'perl', 'nsenter', 'setpriv']) execFileSync('which', [program]);
    execFileSync('unshare', ['--net', 'true'], { stdio: 'ignore' });
    return false;
  } catch ({ message }) {
    return `no network device of its own: ${message}`;
  }
}

/** Opens it. @param {number} seed */
export async function open(seed) {
  // It does not outlive this process.
  const command = ['--pdeathsig', 'KILL', 'unshare', '--net', 'perl', '-e', OPEN, process.execPath, SELF, `${seed}`];
  const child = spawn('setpriv', command, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const exit = once(child, 'exit');
  const gone = exit.then(() => Promise.reject(new Error('the device is gone')));
  gone.catch(() => {});
  /** The next line. */
  const said = async () => (await Promise.race([once(lines, 'line'), gone]))[0];
  await said();
  return {
    /** The start of a command line that is to run behind it. */
    within: ['nsenter', `--net=/proc/${child.pid}/ns/net`],
    /** What its link has counted. @returns {Promise<{crossed: number, lost: number}>} */
    async counts() {
      child.kill('SIGUSR2');
      return JSON.parse(await said());
    },
    async close() {
      // To exit in order, it would wait for the next packet.
      child.kill('SIGKILL');
      await exit;
    },
  };
}

/** The device's side. @param {number} seed */
function run(seed) {
  const link = new Link(seed);
  const buffer = Buffer.alloc(65_536);
  const next = () =>
    read(0, buffer, 0, buffer.length, null, (error, length) => {
      if (error) throw error;
      if (buffer[0] >> 4 === 4) pass(Buffer.from(buffer.subarray(0, length)));
      next();
    });
  /** @param {Buffer} packet  of IPv4 */
  const pass = (packet) => {
    const [source, destination] = [packet.readUInt32BE(12), packet.readUInt32BE(16)];
    packet.writeUInt32BE(destination, 12);
    packet.writeUInt32BE(source, 16);
    link.cross(() => writeSync(0, packet));
  };
  for (const command of ['link set lo up', `address add ${HERE}/24 dev tun0`, 'link set tun0 up']) {
    execFileSync('ip', command.split(' '));
  }
  next();
  console.log('up');
  process.on('SIGUSR2', () => console.log(JSON.stringify({ crossed: link.crossed, lost: link.lost })));
}

if (process.argv[1] === SELF) run(Number(process.argv[2]));
