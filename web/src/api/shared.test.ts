import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { shared } from './shared';

const KEPT_MS = 60_000;

// Each question as it was asked, to be answered by the test.
function asking() {
  const asked: { key: string; signal: AbortSignal; answer: (text: string) => void; fail: () => void }[] =
    [];
  const get = shared(
    (key, signal) =>
      new Promise<string>((resolve, reject) => {
        const fail = () => reject(new Error('no'));
        signal.addEventListener('abort', fail);
        asked.push({ key, signal, answer: resolve, fail });
      }),
    KEPT_MS,
  );
  const wait = (key: string) => {
    const abort = new AbortController();
    const answer = get(key, abort.signal);
    answer.catch(() => undefined);
    return { answer, leave: () => abort.abort(new Error('left')) };
  };
  return { asked, wait };
}

const settled = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a shared answer', () => {
  it('is asked once, and kept for a while', async () => {
    const { asked, wait } = asking();
    const both = [wait('a').answer, wait('a').answer];
    asked[0].answer('A');
    expect(await Promise.all(both)).toEqual(['A', 'A']);
    vi.setSystemTime(Date.now() + KEPT_MS - 1);
    expect(await wait('a').answer).toBe('A');
    expect(asked).toHaveLength(1);
    vi.setSystemTime(Date.now() + 1);
    wait('a');
    wait('b');
    expect(asked.map(({ key }) => key)).toEqual(['a', 'a', 'b']);
  });

  it('is ended when the last one who waits leaves', async () => {
    const { asked, wait } = asking();
    const [one, other] = [wait('a'), wait('a')];
    one.leave();
    await settled();
    await expect(one.answer).rejects.toThrow('left');
    expect(asked[0].signal.aborted).toBe(false);
    other.leave();
    await settled();
    expect(asked[0].signal.aborted).toBe(true);
    wait('a');
    expect(asked).toHaveLength(2);
  });

  it('goes on for somebody who comes as another one leaves', async () => {
    const { asked, wait } = asking();
    wait('a').leave();
    const next = wait('a');
    await settled();
    asked[0].answer('A');
    expect(await next.answer).toBe('A');
    expect(asked).toHaveLength(1);
  });

  it('is asked anew after a failure', async () => {
    const { asked, wait } = asking();
    const first = wait('a');
    asked[0].fail();
    await expect(first.answer).rejects.toThrow('no');
    const second = wait('a');
    asked[1].answer('A');
    expect(await second.answer).toBe('A');
  });

  it('is not asked for somebody who has left already', async () => {
    const ask = vi.fn(() => Promise.resolve(''));
    await expect(shared(ask, KEPT_MS)('a', AbortSignal.abort(new Error('left')))).rejects.toThrow();
    expect(ask).not.toHaveBeenCalled();
  });
});
