// Values that change fast, taken slowly.
import { useEffect, useState } from 'preact/hooks';

// The value once it has stayed the same for a while; `key` tells which one it is.
export function useAtRest<T>(value: T, key: string, pause: number): T {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), pause);
    return () => clearTimeout(timer);
    // The key stands for the value.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key, pause]);
  return rested;
}
