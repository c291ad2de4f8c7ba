// Values that change fast, taken slowly.
import { useEffect, useState } from 'preact/hooks';

// The value once it has stayed the same for a while, and the first one at once; `key` tells which
// one it is. Null while there is none yet.
export function useAtRest<T>(value: T | null, key: string, pause: number): T | null {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), pause);
    return () => clearTimeout(timer);
    // The key stands for the value.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key, pause]);
  return rested ?? value;
}
