# flamekeep_incbin(<out> <symbol> <file>)
#
# Sets `out` to C++ that makes the array `extern "C" const char symbol[]` of the file's bytes. It
# compiles in no time, however large the file is.
function(flamekeep_incbin out symbol file)
  set(${out} "asm(R\"(
  .pushsection .rodata
  .global ${symbol}
${symbol}:
  .incbin \"${file}\"
  .popsection
)\");
" PARENT_SCOPE)
endfunction()
