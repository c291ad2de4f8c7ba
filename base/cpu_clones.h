// Compiles a function twice, for every processor that is still in use and for those with AVX2 and
// BMI2 (2013 on); which one runs is chosen when the program starts. For the loops in which queries
// spend their time: it saves them a tenth.
//
//   template <bool kSaturates>
//   FLAMEKEEP_CPU_CLONES bool FoldWindow(const Window& window);
//
// Only what is inlined into the function is compiled twice with it. Release builds with gcc do so;
// elsewhere it does nothing.
#ifndef FLAMEKEEP_BASE_CPU_CLONES_H_
#define FLAMEKEEP_BASE_CPU_CLONES_H_

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(NDEBUG)
#define FLAMEKEEP_CPU_CLONES __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define FLAMEKEEP_CPU_CLONES
#endif

#endif  // FLAMEKEEP_BASE_CPU_CLONES_H_
