// Calls of the server's unary methods: Connect's protocol in binary (connectrpc.com/docs/protocol).
// Its own library is larger than all that the page does with it.
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type {
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';

import { serverAddress } from './base';

// The server's answer where it is none. `code` is Connect's: "not_found", "resource_exhausted", ...;
// "unavailable" where the server was not reached.
export class CallError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

// Whatever went wrong, in words.
export function failureOf(error: unknown): CallError {
  return error instanceof CallError ? error : new CallError('internal', String(error));
}

interface Options {
  signal?: AbortSignal; // ends the call; the server then stops working at it
}

export type Client<Service extends DescService> = {
  [Name in keyof Service['method']]: Service['method'][Name] extends DescMethodUnary<
    infer Input,
    infer Output
  >
    ? (
        request: MessageInitShape<Input>,
        options?: Options,
      ) => Promise<MessageShape<Output>>
    : never;
};

type Request = Record<string, unknown>;

export function clientOf<Service extends DescService>(service: Service): Client<Service> {
  const methods: Record<string, unknown> = {};
  for (const method of service.methods) {
    if (method.methodKind !== 'unary') continue;
    methods[method.localName] = (request: Request, options: Options = {}) =>
      call(method as DescMethodUnary, request, options);
  }
  return methods as Client<Service>;
}

async function call(method: DescMethodUnary, request: Request, { signal }: Options) {
  const response = await send(
    `${method.parent.typeName}/${method.name}`,
    toBinary(method.input, create(method.input, request)),
    signal,
  );
  if (!response.ok) throw await errorOf(response);
  return fromBinary(method.output, new Uint8Array(await response.arrayBuffer()));
}

async function send(path: string, body: Uint8Array, signal?: AbortSignal): Promise<Response> {
  try {
    return await fetch(serverAddress(path), {
      method: 'POST',
      headers: { 'Content-Type': 'application/proto', 'Connect-Protocol-Version': '1' },
      body: body as Uint8Array<ArrayBuffer>,
      signal: signal ?? null,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new CallError(
      'unavailable',
      'The server does not answer: is it running, and is the network up?',
    );
  }
}

async function errorOf(response: Response): Promise<CallError> {
  const text = await response.text();
  try {
    const { code, message } = JSON.parse(text) as { code: string; message: string };
    return new CallError(code, message);
  } catch {
    // A proxy's page, or a page of the server that knows no such method.
    return new CallError('unknown', `The server answered ${response.status}: ${text.slice(0, 200)}`);
  }
}
