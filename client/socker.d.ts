/**
 * Called with an action of the owner. `state` tells that it is kept for those who come later, and that
 * it may be told again after the connection broke.
 */
export type Handler = (params: string[], key: string, how: { state: boolean }) => void;

export interface BackoffOptions {
  /** The wait after the first failure, in ms; each further one doubles it. Default 500. */
  first?: number;
  /** The longest wait, in ms. Default 8,000. */
  most?: number;
  /** The share of a wait that is left to chance, from 0 to 1. Default 0.25. */
  jitter?: number;
}

export interface RoomOptions {
  /** Handlers that are there before the first message. */
  on?: Record<string, Handler>;
  /** More fields of the message with which the room is entered, now and again: say, a password. */
  fields?: Record<string, unknown>;
  /** Calls the opening off; the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
  /** How long each attempt may take until the server has let this page in, in ms. Default 10,000. */
  timeout?: number;
  /** Whether to come back when the connection breaks. Default true. */
  reconnect?: boolean;
  /** How long to wait between two attempts to come back. */
  backoff?: BackoffOptions;
  /**
   * How long a room may be unknown to a server that was restarted, until its owner is back: in ms, from
   * the first time that it is. Default 60,000.
   */
  grace?: number;
}

export interface CreateOptions extends RoomOptions {
  /** With `token`: the room to come back to as its owner, say after the page was loaded again. */
  uuid?: string;
  token?: string;
}

export type RoomState = 'connecting' | 'connected' | 'reconnecting' | 'closed';

export interface RoomEventMap {
  /** The whole state has arrived, for the first time. */
  connected: Event;
  reconnecting: RoomReconnectingEvent;
  /** The connection is back, and the whole state has arrived again. */
  reconnected: Event;
  closed: RoomClosedEvent;
  error: RoomErrorEvent;
}

type Listener<Type extends keyof RoomEventMap> =
  | ((this: Room, event: RoomEventMap[Type]) => void)
  | { handleEvent(event: RoomEventMap[Type]): void };

/** A room, in which one owner drives many members. */
export class Room extends EventTarget {
  private constructor();

  /**
   * Creates a room, or comes back to it with `uuid` and `token`; resolves when it is there.
   *
   * `url` is a WebSocket's address, or a page's with http or https, or a path beside this page. Throws
   * a TypeError if an argument is wrong, a RoomError if there is no room, and the reason of `signal`.
   */
  static create(url: string | URL, options?: CreateOptions): Promise<Room>;

  /** Joins a room; resolves when this page is in it, before any of its messages is told. */
  static join(url: string | URL, uuid: string, options?: RoomOptions): Promise<Room>;

  readonly uuid: string;
  /** What to come back with; the owner's only. Who has it is the owner. */
  readonly token: string | undefined;
  readonly isOwner: boolean;
  readonly state: RoomState;

  /** Has `handler` called for each action of this key. */
  on(key: string, handler: Handler): this;
  /** Takes a handler away, or all of a key. */
  off(key: string, handler?: Handler): this;

  /**
   * Tells all members. With `state`, the last of each key is kept and told to whoever joins later. What
   * is sent without a connection waits for the next, up to 1,000 messages and a million characters. Does
   * nothing once the room is closed.
   */
  send(key: string, params?: readonly string[], how?: { state?: boolean }): void;

  /** The owner closes the room for all, after what it has sent, and a member leaves it. */
  close(): Promise<void>;

  addEventListener<Type extends keyof RoomEventMap>(
    type: Type,
    listener: Listener<Type> | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<Type extends keyof RoomEventMap>(
    type: Type,
    listener: Listener<Type> | null,
    options?: boolean | EventListenerOptions,
  ): void;
}

/** What the server says, or this package. */
export type RoomErrorCode =
  // why there is no room
  | 'connection-failed'
  | 'unknown-room'
  | 'room-full'
  | 'too-many-rooms'
  | 'denied'
  | 'wrong-token'
  // why something that was sent did nothing
  | 'not-owner'
  | 'state-full'
  | 'message-too-long'
  | 'outbox-full'
  // and any other that a server has
  | (string & {});

/** Why there is no room. */
export class RoomError extends Error {
  constructor(code: RoomErrorCode, message: string);
  readonly code: RoomErrorCode;
}

/** Something that was sent did nothing; the room goes on. */
export class RoomErrorEvent extends Event {
  constructor(code: RoomErrorCode, message: string);
  readonly type: 'error';
  readonly code: RoomErrorCode;
  /** For people. */
  readonly message: string;
}

/** The connection broke, and the next is on its way. */
export class RoomReconnectingEvent extends Event {
  constructor(end: { code: number; reason: string });
  readonly type: 'reconnecting';
  /** The WebSocket's: 1006 if nobody said anything. */
  readonly closeCode: number;
  /** The WebSocket's; often empty. */
  readonly reason: string;
}

export type RoomClosedCode =
  /** by its owner, or by the server; `reason` tells */
  | 'room-closed'
  /** by this page */
  | 'left'
  /** the owner came back on another connection, say in another tab */
  | 'replaced'
  /** and `reconnect` is false */
  | 'connection-lost'
  /** the server let this page in no more: see RoomErrorCode */
  | 'unknown-room'
  | 'denied'
  | (string & {});

/** The room is over for this page, and nothing follows. */
export class RoomClosedEvent extends Event {
  constructor(code: RoomClosedCode, reason: string, closeCode?: number);
  readonly type: 'closed';
  readonly code: RoomClosedCode;
  /** For people. */
  readonly reason: string;
  /** The WebSocket's, with `connection-lost`. */
  readonly closeCode: number | undefined;
}
