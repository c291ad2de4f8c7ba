#include "cli/commands.h"

int main(int argc, char** argv) { return flamekeep::cli::Main(argc, argv); }
