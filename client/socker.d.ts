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

export interface DirectoryOptions {
  /** Servers that help to find a way, or relay: see RTCConfiguration. Default none. */
  iceServers?: RTCIceServer[];
  /** How long a connection to a server, or the opening of a data channel, may take, in ms. Default 15,000. */
  connectTimeout?: number;
  /** Calls `Directory.open` off; the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
  /** How long each attempt may take until the directory has begun its list, in ms. Default 10,000. */
  timeout?: number;
  /** Whether to come back when the connection breaks. Default true. */
  reconnect?: boolean;
  /** How long to wait between two attempts to come back. */
  backoff?: BackoffOptions;
}

export type DirectoryState = 'connecting' | 'connected' | 'reconnecting' | 'closed';

export interface DirectoryEventMap {
  serveradded: DirectoryServerEvent;
  /** Its metadata are others now. */
  serverchanged: DirectoryServerEvent;
  serverremoved: DirectoryServerEvent;
  /** The list is there, for the first time. */
  connected: Event;
  reconnecting: DirectoryReconnectingEvent;
  /** The connection is back, and what has changed in the list was told. */
  reconnected: Event;
  closed: DirectoryClosedEvent;
  error: DirectoryErrorEvent;
}

type DirectoryListener<Type extends keyof DirectoryEventMap> =
  | ((this: Directory, event: DirectoryEventMap[Type]) => void)
  | { handleEvent(event: DirectoryEventMap[Type]): void };

/** A directory, in which browsers find game servers, and the way to a WebRTC connection with each. */
export class Directory extends EventTarget {
  /**
   * Connects, and does not give up: a failed attempt is an event `reconnecting`.
   *
   * `url` is a WebSocket's address, or a page's with http or https, or a path beside this page. Throws
   * a TypeError if an argument is wrong.
   */
  constructor(url: string | URL, options?: DirectoryOptions);

  /**
   * The same, but resolves when the list is there. The first attempt is the only one: if it fails, the
   * promise is rejected with a DirectoryError.
   */
  static open(url: string | URL, options?: DirectoryOptions): Promise<Directory>;

  /** Those that are there now, as far as this page knows. */
  readonly servers: Server[];
  readonly state: DirectoryState;

  /** Ends the connection to the directory. Those to servers stay. */
  close(): void;

  addEventListener<Type extends keyof DirectoryEventMap>(
    type: Type,
    listener: DirectoryListener<Type> | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<Type extends keyof DirectoryEventMap>(
    type: Type,
    listener: DirectoryListener<Type> | null,
    options?: boolean | EventListenerOptions,
  ): void;
}

export type ServerState = 'disconnected' | 'connecting' | 'connected';

export interface ServerEventMap {
  statechange: Event;
  /** This page's offer has gone to the directory. */
  offer: ServerDescriptionEvent;
  /** The server's answer has come. */
  answer: ServerDescriptionEvent;
  /** It does not want this page's connection. */
  rejected: Event;
}

type ServerListener<Type extends keyof ServerEventMap> =
  | ((this: Server, event: ServerEventMap[Type]) => void)
  | { handleEvent(event: ServerEventMap[Type]): void };

/** A game server of a directory. */
export class Server extends EventTarget {
  private constructor();

  /** The directory's: after a restart the same server may have another. */
  readonly id: number;
  /** What the server says of itself, which is any JSON; undefined if it is none. */
  readonly metadata: unknown;
  /** False once it has left the directory. A connection to it may still be there. */
  readonly isListed: boolean;
  readonly state: ServerState;

  /** Resolves when there is a connection; rejected with a DirectoryError if none comes about. */
  connect(): Promise<void>;

  /**
   * Resolves when the data channel is open, before any of its messages; connects if need be. All data
   * channels share the connection. Their `binaryType` is `arraybuffer`. Rejected with a DirectoryError,
   * or with what RTCPeerConnection.createDataChannel throws.
   */
  createDataChannel(label: string, options?: RTCDataChannelInit): Promise<RTCDataChannel>;

  /** Ends the connection with all its data channels. There may be another. */
  close(): void;

  addEventListener<Type extends keyof ServerEventMap>(
    type: Type,
    listener: ServerListener<Type> | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<Type extends keyof ServerEventMap>(
    type: Type,
    listener: ServerListener<Type> | null,
    options?: boolean | EventListenerOptions,
  ): void;
}

export type DirectoryErrorCode =
  /** the first attempt to reach the directory failed, or no way to the server was found */
  | 'connection-failed'
  /** the server does not want the connection, or has left */
  | 'rejected'
  | 'timeout'
  /** the server is not in the directory any more */
  | 'server-removed'
  /** by this page: the connection, or the directory */
  | 'closed'
  /** this page left the directory before it was there */
  | 'left'
  /** there was no connection to the directory when it was needed */
  | 'directory-lost'
  /** the connection to the server broke */
  | 'connection-lost'
  /** the connection is there, and the data channel was closed before it was open */
  | 'channel-failed'
  /** as in Node */
  | 'no-webrtc';

/** Why there is no directory, no connection to a server, or no data channel. */
export class DirectoryError extends Error {
  constructor(code: DirectoryErrorCode, message: string);
  readonly code: DirectoryErrorCode;
}

/** A server is there, has other metadata, or is gone. */
export class DirectoryServerEvent extends Event {
  constructor(type: 'serveradded' | 'serverchanged' | 'serverremoved', server: Server);
  readonly server: Server;
}

/** The two descriptions of a connection: this page's offer, and the server's answer. */
export class ServerDescriptionEvent extends Event {
  constructor(type: 'offer' | 'answer', sdp: string);
  readonly type: 'offer' | 'answer';
  readonly sdp: string;
}

/** What the directory says of a message of this page, or this page of one of the directory's. */
export type DirectoryProblemCode =
  | 'malformed-message'
  | 'too-long'
  | 'message-too-long'
  /** candidates came after the server's rejection */
  | 'no-offer'
  | 'too-many-candidates'
  | 'too-many-offers'
  | (string & {});

/** A message did nothing; the directory goes on. */
export class DirectoryErrorEvent extends Event {
  constructor(code: DirectoryProblemCode, message: string);
  readonly type: 'error';
  readonly code: DirectoryProblemCode;
  /** For people. */
  readonly message: string;
}

/** There is no connection to the directory, and the next is on its way. */
export class DirectoryReconnectingEvent extends Event {
  constructor(end: { code: number; reason: string });
  readonly type: 'reconnecting';
  /** The WebSocket's: 1006 if nobody said anything. */
  readonly closeCode: number;
  /** The WebSocket's; often empty. */
  readonly reason: string;
}

export type DirectoryClosedCode =
  /** by this page */
  | 'left'
  /** and `reconnect` is false */
  | 'connection-lost'
  /** the first attempt of `Directory.open` */
  | 'connection-failed';

/** The directory is over for this page, and nothing follows. */
export class DirectoryClosedEvent extends Event {
  constructor(code: DirectoryClosedCode, reason: string, closeCode?: number);
  readonly type: 'closed';
  readonly code: DirectoryClosedCode;
  /** For people. */
  readonly reason: string;
  /** The WebSocket's, if it ended. */
  readonly closeCode: number | undefined;
}

/** What a stage wants next: see Script. */
export interface Step {
  readonly step: 'stay' | 'next' | 'close';
}

/** What a stage speaks with. */
export interface ScriptContext {
  send(data: string | ArrayBuffer | ArrayBufferView<ArrayBuffer>): void;
}

export interface StageOptions<State> {
  /** How long the stage may take from when it is entered, in ms; the connection is closed with 3008. */
  deadline?: number;
  /** Called when the stage is entered, so that this side can speak first. Nothing means to stay. */
  enter?(state: State, cx: ScriptContext): Step | void;
  /** Called with each message. Without it, messages are passed over. */
  message?(state: State, cx: ScriptContext, message: string | ArrayBuffer): Step;
}

export interface Stage<State> extends Readonly<StageOptions<State>> {
  readonly name: string;
}

/** A named stage of a script. */
export function stage<State>(name: string, options?: StageOptions<State>): Stage<State>;

export interface RunOptions {
  /** Told of each stage that is entered, so many ms after the run began. */
  onStage?: (name: string, ms: number) => void;
  /** Calls the run off; the promise is rejected with the signal's reason, and the connection stays. */
  signal?: AbortSignal;
}

/** A chain of named stages through which a connection moves, as on the server. */
export class Script<State> {
  constructor(stages: readonly Stage<State>[]);

  /** The next message is for the same stage. */
  static readonly stay: Step;
  /** On to the next stage; past the last, the run is over. */
  static readonly next: Step;
  /** Closes the connection, with 1000 or a code from 3000 to 4999. */
  static close(code?: number, reason?: string): Step;

  /** The names of all stages, in order. */
  readonly stages: string[];

  /**
   * Drives a connection through the stages, from when it is open; resolves with the state when it is
   * past the last, and the next message is the page's. Rejected with a ScriptError, with what a handler
   * threw, or with the reason of `signal`.
   */
  run(socket: WebSocket | RTCDataChannel, state: State, options?: RunOptions): Promise<State>;
}

export type ScriptErrorCode =
  /** by a stage */
  | 'closed'
  /** a stage took longer than its deadline */
  | 'timeout'
  /** by the other end, or by the network */
  | 'connection-lost';

/** Why a script did not come to its end. */
export class ScriptError extends Error {
  constructor(code: ScriptErrorCode, message: string, details?: { stage?: string; closeCode?: number; reason?: string });
  readonly code: ScriptErrorCode;
  /** In which it was, if it had begun. */
  readonly stage: string | undefined;
  /** The WebSocket's. */
  readonly closeCode: number | undefined;
  /** The WebSocket's; often empty. */
  readonly reason: string;
}
