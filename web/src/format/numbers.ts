// Numbers as people read them.

const THOUSANDS = new Intl.NumberFormat('en-US');
const SUFFIXES = ['', 'k', 'M', 'G', 'T', 'P', 'E'];

// Every digit: "38,292".
export function exactly(value: bigint | number): string {
  return THOUSANDS.format(value);
}

// Three digits: "38.3k".
export function short(value: bigint | number, base = 1000): string {
  let rest = Number(value);
  let step = 0;
  while (Math.abs(rest) >= base && step < SUFFIXES.length - 1) {
    rest /= base;
    step += 1;
  }
  return (step === 0 ? String(rest) : rest.toPrecision(Math.abs(rest) >= 1000 ? 4 : 3)) + SUFFIXES[step];
}

const TIMES: [number, string][] = [
  [3600e9, 'h'],
  [60e9, 'min'],
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
];

// A value with the unit of its profile type: "38.3k samples", "1.52 s", "12.0 MiB".
export function withUnit(value: bigint | number, unit: string): string {
  switch (unit) {
    case 'count':
    case 'samples':
      return short(value);
    case 'nanoseconds': {
      const nanoseconds = Number(value);
      const found = TIMES.find(([size]) => Math.abs(nanoseconds) >= size);
      return found ? `${(nanoseconds / found[0]).toPrecision(3)} ${found[1]}` : `${nanoseconds} ns`;
    }
    case 'bytes':
      return bytes(value);
    default:
      return `${short(value)} ${unit}`;
  }
}

export function bytes(value: bigint | number): string {
  const text = short(value, 1024);
  const suffix = /[a-zA-Z]$/.exec(text)?.[0];
  return suffix ? `${text.slice(0, -1)} ${suffix.toUpperCase()}iB` : `${text} B`;
}

// A share from 0 to 1: "12.3 %", "0.04 %".
export function percent(share: number): string {
  const value = share * 100;
  if (value !== 0 && Math.abs(value) < 0.01) return value > 0 ? '<0.01 %' : '>−0.01 %';
  return `${value.toFixed(Math.abs(value) < 1 ? 2 : 1)} %`.replace('-', '−');
}

// The same with its sign: "+1.2 %".
export function signedPercent(share: number): string {
  return share > 0 ? `+${percent(share)}` : percent(share);
}

export function shareOf(part: bigint | number, whole: bigint | number): number {
  const all = Number(whole);
  return all === 0 ? 0 : Number(part) / all;
}

// A difference of shares: "+1.20 points", of a hundred.
export function points(difference: number): string {
  const value = difference * 100;
  const digits = value !== 0 && Math.abs(value) < 0.1 ? 3 : 2;
  return `${value > 0 ? '+' : ''}${value.toFixed(digits).replace('-', '−')} points`;
}
