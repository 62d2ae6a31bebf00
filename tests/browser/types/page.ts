// A page that uses all of the package, and misuses it where the compiler has to say so.

import { Room, RoomClosedEvent, RoomError, RoomErrorEvent, RoomReconnectingEvent } from 'socker';
import type { BackoffOptions, CreateOptions, Handler, RoomOptions, RoomState } from 'socker';

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
