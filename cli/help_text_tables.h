// What `--help` says below the options of the commands over functions.
//
// Thread safety: constants.
#ifndef FLAMEKEEP_CLI_HELP_TEXT_TABLES_H_
#define FLAMEKEEP_CLI_HELP_TEXT_TABLES_H_

namespace flamekeep::cli {

inline constexpr char kTopFooter[] = R"(Examples:
  flamekeep top excimer-wall --from now-1h
  flamekeep top 'excimer{site="eqiad"}' --from now-7d --by total --limit 30
  flamekeep top excimer-wall --from now-1d --keep 'Parser::parse' --format csv > parser.csv
  flamekeep top excimer-wall --from now-10m --by total --function 'Database::query' --fail-above 2%

self: samples that end in the function. total: samples that hold it, those of recursion once. A function in
two files is two rows. Numbers are exact; --limit leaves rows out and says how many.
With --fail-above the exit code is 3 where a function that is shown has a larger share, by what the table is
sorted by: a pipeline can stop there.)";

inline constexpr char kSearchFooter[] = R"(Examples:
  flamekeep search 'Database' excimer-wall --from now-1h
  flamekeep search '(?i)^wikimedia.rdbms' 'excimer{site="eqiad"}' --from now-30d --by self
  flamekeep search 'file:^includes/parser/' excimer-wall --from now-1d --format jsonl
  flamekeep search parse --file '/parser/' excimer-wall --from now-1d

Expressions are RE2's and match anywhere in the name of a function, or of a file with file: in front;
with --exact they are whole names.
The last line tells how many samples hold any of the functions: each sample counts once.)";

inline constexpr char kSandwichFooter[] = R"(Examples:
  flamekeep sandwich --exact 'Parser::parse' excimer-wall --from now-1h
  flamekeep sandwich --exact run --file lib/Job.php excimer-wall --from now-7d --min-share 5%
  flamekeep sandwich '^Database::' 'excimer{site="eqiad"}' --from now-1d --format csv

What matches counts as one function; --exact takes one by its whole name. A sample counts once, by its
outermost call of the function: shown is who called that, and what it called, deeper calls of itself among
them. Functions below --min-share of the function are left out and counted.
As pictures:
  flamekeep query excimer-wall --from now-1h --focus '^Parser::parse$' -o callees.svg
  flamekeep query excimer-wall --from now-1h --until '^Parser::parse$' --inverted -o callers.svg)";

inline constexpr char kCompareFooter[] = R"(Examples:
  flamekeep compare excimer-wall --by version --from now-7d
  flamekeep compare 'excimer-wall{entry_point="index"}' --by version --function 'Parser::parse' --from now-7d
  flamekeep compare excimer-wall --by site --function 'file:^lib/' --from now-1d --format jsonl

With --function, its share is that of the samples of the same value that hold such a function.)";

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_HELP_TEXT_TABLES_H_
