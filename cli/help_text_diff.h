// What `--help` of diff says below the list of options.
//
// Thread safety: constants.
#ifndef FLAMEKEEP_CLI_HELP_TEXT_DIFF_H_
#define FLAMEKEEP_CLI_HELP_TEXT_DIFF_H_

namespace flamekeep::cli {

inline constexpr char kDiffFooter[] = R"(Examples:
  flamekeep diff excimer-wall --from now-1h --baseline-from now-2h
  flamekeep diff excimer-wall --from 2026-11-27 --to 2026-11-28 --baseline-from 2026-11-20 --baseline-to 2026-11-21
  flamekeep diff 'cpu{version="2"}' --baseline 'cpu{version="1"}' --from now-7d
  flamekeep diff excimer-wall --from now-1h --baseline-from now-25h --baseline-to now-24h -o diff.svg
  flamekeep diff excimer-wall --from now-30m --baseline-from now-90m --fail-above 2% && deploy-further

The baseline ends where the range begins, unless --baseline-to says otherwise; with --baseline alone it has
the same range. Frame filters are those of both. Shares are compared, so the load does not matter.

How much a share varies by itself is seen between the buckets of its range: minutes of some hours, hours of
some days, days or months of more. A difference is beyond noise where Welch's t test, over all functions
corrected by Benjamini and Hochberg at 5 %, says so; p is that of the function alone. With fewer than 5
buckets that hold samples there is not enough data to tell. --by self is about what functions took by
themselves, else about all that they called, too.

Exit code 3: with --fail-above 2%, where the share of a function grew by more than 2 points of the whole, beyond
noise. Where there is not enough data to tell it is 1.)";

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_HELP_TEXT_DIFF_H_
