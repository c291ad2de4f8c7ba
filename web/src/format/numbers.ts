// Numbers as people read them.

const THOUSANDS = new Intl.NumberFormat('en-US');
const PLAIN = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });

type Scale = readonly (readonly [size: number, suffix: string])[]; // from 1 upwards

const COUNTS: Scale = ['', 'k', 'M', 'G', 'T', 'P', 'E'].map((suffix, i) => [1000 ** i, suffix]);
const BYTES: Scale = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'].map((unit, i) => [
  1024 ** i,
  ` ${unit}`,
]);
const NANOSECONDS: Scale = [
  [1, ' ns'],
  [1e3, ' µs'],
  [1e6, ' ms'],
  [1e9, ' s'],
  [60e9, ' min'],
  [3600e9, ' h'],
];

// Every digit: "38,292".
export function exactly(value: bigint | number): string {
  return THOUSANDS.format(value);
}

// Three digits, and all of those in front of the point: "38.3k", "1.00 min", "87,600 h". What has
// no larger unit is not filled up: "7", "0.333".
function scaled(value: bigint | number, scale: Scale): string {
  const number = Number(value);
  let at = 0;
  while (at + 1 < scale.length && reaches(number / scale[at][0], scale[at + 1][0] / scale[at][0])) {
    at += 1;
  }
  const [size, suffix] = scale[at];
  return threeDigits(number / size, at > 0) + suffix;
}

function threeDigits(value: number, filledUp: boolean): string {
  if (Math.abs(value) >= 100) return THOUSANDS.format(Math.round(value));
  return filledUp ? value.toPrecision(3) : PLAIN.format(value);
}

// As it is written: 999.7 ms are a second, and 59.98 s a minute.
function reaches(value: number, limit: number): boolean {
  const size = Math.abs(value);
  return (size >= 100 ? Math.round(size) : Number(size.toPrecision(3))) >= limit;
}

// A value with the unit of its profile type: "38.3k", "1.52 s", "12.0 MiB".
export function withUnit(value: bigint | number, unit: string): string {
  switch (unit) {
    case 'count':
    case 'samples':
      return scaled(value, COUNTS);
    case 'nanoseconds':
      return scaled(value, NANOSECONDS);
    case 'bytes':
      return bytes(value);
    default:
      return `${scaled(value, COUNTS)} ${unit}`;
  }
}

export function bytes(value: bigint | number): string {
  return scaled(value, BYTES);
}

// A share from 0 to 1: "12.3 %", "0.04 %".
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.01) return '<0.01 %';
  return `${value.toFixed(value < 0.995 ? 2 : 1)} %`;
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

// Two digits of a probability: "0.20", "0.0031", "<0.0001".
export function probability(value: number): string {
  return value < 0.0001 ? '<0.0001' : value.toPrecision(2);
}
