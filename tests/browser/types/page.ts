// A page that uses all of the package, and misuses it where the compiler has to say so.

import {
  Directory, DirectoryClosedEvent, DirectoryError, DirectoryErrorEvent, DirectoryServerEvent,
  Room, RoomClosedEvent, RoomError, RoomErrorEvent, RoomReconnectingEvent, Script, ScriptError, Server, ServerDescriptionEvent, stage,
} from 'socker';
import type {
  BackoffOptions, CreateOptions, DirectoryOptions, DirectoryState, Handler, RoomOptions, RoomState, ServerState,
} from 'socker';

const note: Handler = (params, key, { state }) => console.log(params[0]?.length, key.length, state === true);
const backoff: BackoffOptions = { first: 100, most: 1000, jitter: 0.5 };
const options: RoomOptions = {
  on: { slide: note, pointer: ([x, y]) => console.log(x, y) },
  fields: { password: 'sesame', age: 7 },
  signal: AbortSignal.timeout(1000),
  timeout: 1000,
  reconnect: true,
  backoff,
  grace: 1000,
};
const asBefore: CreateOptions = { ...options, uuid: 'uuid', token: 'token' };

export async function own(): Promise<Room> {
  const room = await Room.create(new URL('http://127.0.0.1/rooms'), asBefore);
  const token: string | undefined = room.token;
  const state: RoomState = room.state;
  const isOwner: boolean = room.isOwner;
  console.log(room.uuid.length, token, state, isOwner);
  room.send('clear');
  room.send('slide', ['7'], { state: true });
  room.send('slide', ['7'] as const);
  room.addEventListener('connected', (event: Event) => console.log(event.type));
  room.addEventListener('reconnecting', ({ closeCode, reason }) => console.log(closeCode + 1, reason.length));
  room.addEventListener('reconnected', () => {}, { once: true });
  room.addEventListener('error', (event) => {
    const error: RoomErrorEvent = event;
    if (error.code === 'state-full' || error.code === 'of a server of ours') console.log(error.message);
  });
  room.addEventListener('closed', function (event) {
    const { code, reason, closeCode }: RoomClosedEvent = event;
    console.log(this.uuid, code === 'replaced', reason, (closeCode ?? 0) + 1);
  });
  const hear = (event: RoomReconnectingEvent) => console.log(event.type);
  room.addEventListener('reconnecting', hear);
  room.removeEventListener('reconnecting', hear);
  return room;
}

export async function follow(uuid: string): Promise<void> {
  try {
    const room = await Room.join('/rooms', uuid, options);
    room.on('slide', note).on('pointer', () => {}).off('pointer').off('slide', note);
    await room.close();
  } catch (error) {
    if (error instanceof RoomError) console.log(error.code, error.message);
  }
}

export async function misuse(room: Room): Promise<void> {
  // @ts-expect-error: params are strings
  room.send('slide', [7]);
  // @ts-expect-error: state is true or false
  room.send('slide', [], { state: 'yes' });
  // @ts-expect-error: there is a key
  room.send();
  // @ts-expect-error: a handler is a function
  room.on('slide', 'show');
  // @ts-expect-error: params are strings for a handler as well
  room.on('slide', ([number]: number[]) => number);
  // @ts-expect-error: there is no such event
  room.addEventListener('opened', () => {});
  // @ts-expect-error: this event has no such field
  room.addEventListener('reconnected', ({ code }) => code);
  // @ts-expect-error: a room is created or joined
  new Room();
  // @ts-expect-error: the uuid is the server's
  room.uuid = 'another';
  // @ts-expect-error: a member has no token
  await Room.join('/rooms', 'uuid', { token: 'token' });
  // @ts-expect-error: there is a uuid to join
  await Room.join('/rooms');
  // @ts-expect-error: this is no option
  await Room.create('/rooms', { retry: 3 });
}

const iceServers: RTCIceServer[] = [{ urls: 'stun:stun.example.org' }];
const directoryOptions: DirectoryOptions = {
  iceServers, connectTimeout: 1000, signal: AbortSignal.timeout(1000), timeout: 1000, reconnect: true, backoff,
};

export async function find(): Promise<RTCDataChannel | undefined> {
  const directory = new Directory('/directory/clients');
  const state: DirectoryState = directory.state;
  const hear = ({ server }: DirectoryServerEvent) => console.log(server.id + 1, state);
  directory.addEventListener('serveradded', hear);
  directory.addEventListener('serverchanged', function ({ server }) {
    console.log(this.servers.length, server.isListed === true);
  });
  directory.addEventListener('reconnecting', ({ closeCode, reason }) => console.log(closeCode + 1, reason.length));
  directory.addEventListener('error', ({ code, message }: DirectoryErrorEvent) => console.log(code === 'no-offer', message));
  directory.addEventListener('closed', ({ code }: DirectoryClosedEvent) => console.log(code === 'left'));
  directory.removeEventListener('serveradded', hear);
  directory.close();
  try {
    const { servers } = await Directory.open(new URL('ws://127.0.0.1/directory/clients'), directoryOptions);
    const server: Server | undefined = servers.find(({ metadata }) => typeof metadata === 'object');
    server?.addEventListener('offer', (event: ServerDescriptionEvent) => console.log(event.type === 'offer', event.sdp.length));
    server?.addEventListener('statechange', function () {
      const state: ServerState = this.state;
      console.log(state);
    });
    server?.addEventListener('rejected', (event: Event) => console.log(event.type), { once: true });
    await server?.connect();
    server?.close();
    return await server?.createDataChannel('moves', { ordered: false, maxRetransmits: 0 });
  } catch (error) {
    if (error instanceof DirectoryError && error.code === 'rejected') console.log(error.message);
    return undefined;
  }
}

interface Game {
  scene?: string;
}

const script = new Script<Game>([
  stage('scene', {
    deadline: 10_000,
    enter: (_, cx) => cx.send('ready'),
    message(game, cx, message) {
      if (typeof message !== 'string') return Script.close(4000, `${message.byteLength} bytes`);
      game.scene = message;
      cx.send(Uint8Array.of(1));
      return Script.next;
    },
  }),
  stage('play', { enter: () => Script.next, message: () => Script.stay }),
]);

export async function start(socket: WebSocket, channel: RTCDataChannel): Promise<string[]> {
  try {
    const game: Game = await script.run(socket, {}, { onStage: (name, ms) => console.log(name.length, ms + 1) });
    await script.run(channel, game, { signal: AbortSignal.timeout(1000) });
  } catch (error) {
    if (error instanceof ScriptError && error.code === 'timeout') console.log(error.stage?.length, error.closeCode, error.reason);
  }
  return script.stages;
}

export async function misuseMore(directory: Directory, server: Server, socket: WebSocket): Promise<void> {
  // @ts-expect-error: a server is the directory's
  new Server();
  // @ts-expect-error: a data channel has a label
  await server.createDataChannel();
  // @ts-expect-error: this is no option of a data channel
  await server.createDataChannel('moves', { reliable: false });
  // @ts-expect-error: metadata may be anything
  console.log(server.metadata.name);
  // @ts-expect-error: there is no such event
  directory.addEventListener('server', () => {});
  // @ts-expect-error: this event has no server
  directory.addEventListener('connected', ({ server }) => server);
  // @ts-expect-error: this is no option
  new Directory('/directory/clients', { grace: 1 });
  // @ts-expect-error: a stage says what is next
  stage<Game>('scene', { message: () => {} });
  // @ts-expect-error: nor does a promise
  stage<Game>('scene', { message: async () => Script.next });
  // @ts-expect-error: the state is that of the stages
  await script.run(socket, { scene: 7 });
}
