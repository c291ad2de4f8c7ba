// What the server says of a difference, in words.
import { DiffVerdict } from '@gen/flamekeep/v1/diff_pb';

export const VERDICTS: Record<DiffVerdict, string> = {
  [DiffVerdict.UNSPECIFIED]: 'not compared',
  [DiffVerdict.NOT_ENOUGH_DATA]: 'not enough data',
  [DiffVerdict.WITHIN_NOISE]: 'within noise',
  [DiffVerdict.BEYOND_NOISE]: 'beyond noise',
};
