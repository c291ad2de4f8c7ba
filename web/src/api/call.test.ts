import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { QueryService } from '@gen/flamekeep/v1/query_pb';
import { ListLabelsRequestSchema, ListLabelsResponseSchema } from '@gen/flamekeep/v1/series_pb';

import { CallError, clientOf, failureOf } from './call';

const queries = clientOf(QueryService);
const { signal } = new AbortController();

// What the page sends, answered with `response`.
function serve(response: Response) {
  const sent = vi.fn<(url: string, request: RequestInit) => Promise<Response>>();
  sent.mockResolvedValue(response);
  vi.stubGlobal('location', { href: 'https://host/flamekeep/?view=flame' });
  vi.stubGlobal('fetch', sent);
  return sent;
}

afterEach(() => vi.unstubAllGlobals());

describe('a call', () => {
  it('is a POST of the message beside the page', async () => {
    const answer = create(ListLabelsResponseSchema, { labels: [{ name: 'site', values: 2n }] });
    const sent = serve(new Response(toBinary(ListLabelsResponseSchema, answer).slice().buffer));
    expect(await queries.listLabels({ selector: 'x' }, { signal })).toEqual(answer);
    const [url, request] = sent.mock.calls[0];
    expect(url).toBe('https://host/flamekeep/flamekeep.v1.QueryService/ListLabels');
    expect(request.headers).toMatchObject({ 'Content-Type': 'application/proto' });
    const body = fromBinary(ListLabelsRequestSchema, request.body as Uint8Array);
    expect(body.selector).toBe('x');
  });

  it('fails with the server’s code and sentence', async () => {
    serve(new Response('{"code":"not_found","message":"no such type"}', { status: 404 }));
    await expect(queries.listLabels({}, { signal })).rejects.toEqual(
      new CallError('not_found', 'no such type'),
    );
  });

  it('tells what a proxy says', async () => {
    serve(new Response('<h1>Bad gateway</h1>', { status: 502 }));
    await expect(queries.listLabels({}, { signal })).rejects.toMatchObject({
      code: 'unknown',
      message: 'The server answered 502: <h1>Bad gateway</h1>',
    });
  });

  it('tells that nobody answers', async () => {
    serve(new Response());
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    await expect(queries.listLabels({}, { signal })).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('ends as it was ended', async () => {
    const abort = new AbortController();
    abort.abort(new Error('the user moved on'));
    serve(new Response());
    vi.stubGlobal('fetch', () => Promise.reject(abort.signal.reason as Error));
    await expect(queries.listLabels({}, { signal: abort.signal })).rejects.toThrow('moved on');
  });
});

it('every failure has words', () => {
  expect(failureOf(new TypeError('x is not y')).message).toBe('TypeError: x is not y');
});
