// Answers that several components wait for at once.

interface Entry<T> {
  answer: Promise<T>;
  abort: AbortController;
  waiting: number; // those who wait for it
  until: number; // that it is kept for; Infinity: it is still asked
}

// A function that asks once for all who want the same, and keeps what was answered for a while.
// What nobody waits for any more is ended.
export function shared<T>(
  ask: (key: string, signal: AbortSignal) => Promise<T>,
  keptMs: number,
): (key: string, signal: AbortSignal) => Promise<T> {
  const entries = new Map<string, Entry<T>>();

  const drop = (key: string, entry: Entry<T>) => {
    if (entries.get(key) === entry) entries.delete(key);
  };
  const start = (key: string): Entry<T> => {
    const abort = new AbortController();
    const entry = { answer: ask(key, abort.signal), abort, waiting: 0, until: Infinity };
    entries.set(key, entry);
    entry.answer.then(
      () => (entry.until = Date.now() + keptMs),
      () => drop(key, entry),
    );
    return entry;
  };

  return async (key, signal) => {
    signal.throwIfAborted();
    for (const [old, { until }] of entries) {
      if (until <= Date.now()) entries.delete(old);
    }
    const entry = entries.get(key) ?? start(key);
    entry.waiting += 1;
    try {
      return await Promise.race([entry.answer, endOf(signal)]);
    } finally {
      entry.waiting -= 1;
      if (entry.waiting === 0 && entry.until === Infinity) {
        entry.abort.abort();
        drop(key, entry);
      }
    }
  };
}

function endOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
