// What `--help` says below the list of options: examples for every command, and what holds for all.
//
// Thread safety: constants.
#ifndef FLAMEKEEP_CLI_HELP_TEXT_H_
#define FLAMEKEEP_CLI_HELP_TEXT_H_

namespace flamekeep::cli {

inline constexpr char kMainHelp[] =
    R"(Keeps sampled stack traces for years and draws flame graphs of any time range.)";

inline constexpr char kMainFooter[] = R"(Examples:
  flamekeep serve --data /var/lib/flamekeep
  flamekeep import --site eqiad samples.log.zst
  perf script | stackcollapse-perf.pl | flamekeep push --site eqiad --type cpu
  flamekeep query 'excimer-wall{entry_point="index"}' --from now-24h -o day.svg
  flamekeep series excimer-wall --from now-7d --by site
  flamekeep top excimer-wall --from now-1h
  flamekeep diff excimer-wall --from now-1h --baseline-from now-2h
  flamekeep status

Commands that talk to a server find it through --server or FLAMEKEEP_SERVER, else at 127.0.0.1:4041.

Times:       2026-11-20  2026-11-20T13:00 (UTC)  RFC 3339  now  now-24h (units s m h d w)  unix seconds
Exit codes:  0 done   1 failed   2 the command line can not be understood
             3 above the limit of --fail-above   130 interrupted by Ctrl-C   143 by SIGTERM
             Errors are one sentence on stderr. A reader that goes away (| head) is no error.)";

inline constexpr char kServeFooter[] = R"(Examples:
  flamekeep serve --data /var/lib/flamekeep
  flamekeep serve --config /etc/flamekeep/flamekeep.yaml
  flamekeep serve --data ./store --grpc 0.0.0.0:4041 --http off
  flamekeep serve --data ./store --arclamp-config /etc/arclamp-log.yaml --site eqiad

Flags win over the configuration file. SIGTERM and SIGINT finish what is in hand and close the store.)";

inline constexpr char kImportFooter[] = R"(Examples:
  flamekeep import --site eqiad samples.log.zst                  lines with time and channel inside
  flamekeep import --site eqiad --time 2026-11-20T13:00 --type excimer-wall stacks.folded
  flamekeep import --site lab cpu.pb.gz                          pprof, with its own time and types
  perf script | flamekeep import --site lab --time now -
  flamekeep import --site lab --time now profile.speedscope.json
  flamekeep import --site eqiad --time 2026-11-20 --resolution day --type cpu --label host=mw1 day.txt
  flamekeep import --site eqiad --arclamp /srv/arclamp
  flamekeep import --site eqiad --arclamp /srv/arclamp --until 2026-11-20T13:00

Files are known by their content, gzip and zstd around them too. Lines are "frame;frame;...;frame COUNT",
or "<unix microseconds><tab><channel><tab>" and the same. Profiles of pprof may be given another --time,
and a name with --type; `perf script` and speedscope files need a --time.

The same content counts once, whatever its name, compressed or not. A log that has grown is
continued; an import that broke off goes on where it was: run the same command again. The last line
of a plain file is left out while it has no newline, for it may still be being written; --complete,
compressed files and pipes end where they end.

--arclamp takes a whole directory of Arc Lamp's, in which each sample stands in four logs, and counts
each channel and hour once: hourly logs before daily ones, `all` before tags. Logs that have grown
replace what was imported before. Give --until where this server has read the channel itself since.

What a live source of the same site and type has recorded is final: an import into it is refused, unless
--amend says that answers over it may change. History before that imports freely.)";

inline constexpr char kPushFooter[] = R"(Examples:
  perf script | stackcollapse-perf.pl | flamekeep push --site eqiad --type cpu
  mkfifo /run/stacks && flamekeep push --site eqiad --type excimer-wall --follow /run/stacks
  flamekeep push --site eqiad samples.log                        lines with time and channel inside
  flamekeep push --site lab --type cpu --time 2026-11-20T13:00 --label host=mw1 stacks.folded

Lines are as for import. What comes from standard input or a pipe is sent within a second, and while the
server can not be reached it is kept (64 MB; then the writer waits) and sent again, without losing or
doubling anything. Samples that are too old or too far ahead are left out (push.max_late and push.max_early
of the server): those are for import.

Batches are numbered, for each --source, site and type. Only one command at a time can send under one name,
so give --source where several run on a host. Standard input is always new. A file is a source of its own,
NAME:PATH: pushed again, it goes on behind what the server has of it; where it begins otherwise than the last
time, all of it is new. Ctrl-C and SIGTERM send what was read before they end the command.)";

inline constexpr char kQueryFooter[] = R"(Examples:
  flamekeep query excimer-wall --from now-1h
  flamekeep query 'excimer-wall{entry_point=~"index|api"}' --from 2026-11-20 --to 2026-11-21 -o day.svg
  flamekeep query 'excimer{site="eqiad"}' --from now-30d --inverted --format svg -o who-calls.svg
  flamekeep query excimer-wall --from now-7d --focus 'Parser::parse' --hide 'file:^lib/' -o parser.svg
  flamekeep query excimer-wall --from now-7d --keep 'Database' --format folded | head
  flamekeep query excimer-wall --from now-1d -o day.pb.gz && go tool pprof -http : day.pb.gz
  flamekeep query excimer-wall --from now-1d -o day.speedscope.json

Expressions are RE2's, match anywhere in the name of a function, or of a file with file: in front.
Folded text, pprof and speedscope are exact. Drawings (svg; flamebearer, which is Pyroscope's JSON; d3, for
d3-flame-graph) leave out narrow boxes (--min-share, --max-nodes) and say how many.
Ranges are half open: --to 2026-11-21 is the end of the 20th.)";

inline constexpr char kExplainFooter[] = R"(Examples:
  flamekeep explain excimer-wall --from now-30d
  flamekeep explain 'excimer{site="eqiad"}' --from 2025-01-01 --to 2026-01-01

Nothing is summed: this is quick for any range. Buckets below a stale one are read in its place until it
has been rolled up. Memory and time are what the first answer takes; answers that were given before are
kept (query_cache_bytes) and take next to nothing.)";

inline constexpr char kSeriesFooter[] = R"(Examples:
  flamekeep series excimer-wall --from now-24h
  flamekeep series excimer-wall --from now-730d --step 1d --function '^Parser::'
  flamekeep series excimer-wall --from now-7d --step 1h --by site,entry_point
  flamekeep series excimer-wall --from now-30d --function 'Parser::parse' --exact --format csv > parser.csv

Each point is the sum of what a flame graph of its range would hold: values and samples, and with a function
those of the stacks that hold it (value), that end in it (self), and the share of the total. Points begin at whole
steps, UTC; weeks on Mondays. Where the store keeps no buckets as fine, they are longer, and their ranges tell so.
With --by a table has a line for each group, with its course; csv and jsonl have every point of each.)";

inline constexpr char kHeatMapFooter[] = R"(Examples:
  flamekeep heatmap excimer-wall --from now-30d
  flamekeep heatmap 'excimer-wall{site="eqiad"}' --from now-730d --function 'Parser::parse'
  flamekeep heatmap excimer-wall --from now-90d --format csv > hours.csv

A line for each day, or for each week or month of a long range; a column for each hour of the day, UTC. The shade is
the value of an hour, in the mean, or a function's share. "?" are hours that the store does not keep any more, or
does not know. In a pipe it is CSV; there, a line without an hour is of a whole day.)";

inline constexpr char kLabelsFooter[] = R"(Examples:
  flamekeep labels
  flamekeep labels site
  flamekeep labels entry_point --selector 'excimer-wall{site="eqiad"}'

Without a name, the names of all labels; with one, its values. "site" is one of them.)";

inline constexpr char kTypesFooter[] = R"(Examples:
  flamekeep types
  flamekeep types --selector '{site="eqiad"}' --format csv)";

inline constexpr char kExportFooter[] = R"(Examples:
  flamekeep export excimer-wall --from 2026-11-01 --to 2026-12-01 --output /data/excimer
  flamekeep export excimer-wall --from 2026-11-27 --level minute --stacks text --output /data/minutes
  flamekeep export 'cpu{site="eqiad"}' --from now-7d --format folded --output week.folded.zst
  flamekeep export excimer-wall --from now-1d --format pprof --output day.pb.gz
  duckdb -c "select stack[-1], sum(value) from read_json('/data/excimer/*/*/*.zst') group by 1 order by 2 desc"

jsonl: rows of begin, end, level, site, profile_type, labels, stack, value in DIR/site=S/day=D/part-0.jsonl.zst,
which Hive, Spark, DuckDB and Hadoop streaming read as they are. Each is a sum over a bucket of --level, or of
the finest coarser one where samples are not known, or not kept, so finely; at its edges the range cuts
buckets. The values of all rows add up to the flame graph of the same selection.

The same command again goes on where one that broke off was, and writes only the days that have changed
since; files of days that were deleted are removed. Files appear whole or not at all. Days that are only partly
in the range are refused where the directory has more of them: begin at midnight (--from 2026-11-27, not
now-2d) where a directory is to be kept up to date. DIR/_flamekeep.tsv tells what is there.

folded and pprof are one file of the whole range.)";

inline constexpr char kStatusFooter[] = R"(Examples:
  flamekeep status
  flamekeep status --server arclamp1001:4041
  flamekeep status --json | jq '.counters[] | select(.severity == "SEVERITY_LOSS")')";

inline constexpr char kStoreFooter[] = R"(Examples:
  flamekeep store stats
  flamekeep store check /var/lib/flamekeep)";

inline constexpr char kStoreStatsFooter[] = R"(Examples:
  flamekeep store stats
  flamekeep store stats --json | jq .forecast
  flamekeep store stats /var/lib/flamekeep --config /etc/flamekeep.yaml

Sizes of sites and levels are estimates. Growth is that of the last seven days; the forecast goes on
with it and takes into account what retention lets go.)";

inline constexpr char kDeleteFooter[] = R"(Examples:
  flamekeep delete 'excimer{site="eqiad"}' --from 2026-11-20T13:00 --to 2026-11-20T14:00
  flamekeep delete 'cpu{host="mw1"}' --from 2025-01-01 --to now --dry-run
  flamekeep delete 'cpu{host="mw1"}' --from 2025-01-01 --to now --yes

Tells how much goes and asks. It goes from every level and from the files on disk; frames that nothing
else has lose their names. A range that cuts a bucket of the finest level that is kept there is
refused; "now" is the end of this minute. Should the server die meanwhile, it goes on by itself. Backups are not touched.)";

inline constexpr char kStoreCheckFooter[] = R"(Examples:
  flamekeep store check /var/lib/flamekeep && echo sound
  flamekeep store check --repair /var/lib/flamekeep

Reads everything and writes nothing; the store must not be in use. Each fault is a line on standard
output; the exit code is 1 where there is one.

With --repair a damaged store is written anew from what can be read of it, which takes its space
once more. Each thing that was given up, and what became of it, is a line on standard output; the
exit code is 4 where there is one. What lost minutes held is kept in their hours where those had been
summed, and so on upwards. The damaged files stay in DIR/damaged-1 and so on until you delete them.
Where names or RocksDB's own records are lost nothing is changed: restore a backup.)";

inline constexpr char kBackupFooter[] = R"(Examples:
  flamekeep backup create
  flamekeep backup list
  flamekeep backup verify /var/backups/flamekeep
  flamekeep backup prune /var/backups/flamekeep --keep 14
  flamekeep backup restore /var/backups/flamekeep /var/lib/flamekeep --id 7

The server makes backups while it works, in the directory `backup_directory` of its configuration;
a further one costs what has changed. The other commands work on that directory, on any machine that
has it. A restored store answers every query as the store did when the backup was made.)";

inline constexpr char kCompletionFooter[] = R"(Examples:
  source <(flamekeep completion bash)
  flamekeep completion bash > /etc/bash_completion.d/flamekeep
  flamekeep completion zsh > "${fpath[1]}/_flamekeep"
  flamekeep completion fish > ~/.config/fish/completions/flamekeep.fish)";

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_HELP_TEXT_H_
