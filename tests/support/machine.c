/* A worse machine for one process: preloaded (LD_PRELOAD) it moves the clock of day, makes the disk
 * slow and lets it fail, as the page that FAULT_PAGE names says at the moment. The monotonic clock
 * stays right. A thread that sleeps until a time of day sleeps as long as it meant to when it went
 * to sleep; a real step of the clock would change that too.
 *
 * Thread safety: the page is only read here, each word by itself. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct Page {
  volatile int64_t clock_offset_ns;
  volatile int64_t sync_delay_us; /* before each sync */
  volatile int64_t syncs_fail;    /* with EIO, where not 0 */
};

static const struct Page kNoFaults;
static const struct Page* page = &kNoFaults;

__attribute__((constructor)) static void Open(void) {
  const char* name = getenv("FAULT_PAGE");
  if (name == NULL) return;
  const int fd = open(name, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  void* mapped = mmap(NULL, sizeof(struct Page), PROT_READ, MAP_SHARED, fd, 0);
  if (mapped != MAP_FAILED) page = mapped;
  close(fd);
}

/* The C library's own function of that name. */
#define REAL(result, name, version, ...)                     \
  static result (*real)(__VA_ARGS__);                        \
  if (real == NULL) real = dlvsym(RTLD_NEXT, #name, version)

#define BASE "GLIBC_2.2.5"

static struct timespec Shifted(const struct timespec* time, int64_t by_ns) {
  const int64_t second = 1000000000;
  const int64_t ns = time->tv_sec * second + time->tv_nsec + by_ns;
  return (struct timespec){.tv_sec = ns / second, .tv_nsec = ns % second};
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  REAL(int, clock_gettime, "GLIBC_2.17", clockid_t, struct timespec*);
  const int result = real(clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    *now = Shifted(now, page->clock_offset_ns);
  }
  return result;
}

int gettimeofday(struct timeval* restrict now, void* restrict zone) {
  (void)zone;
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  *now = (struct timeval){.tv_sec = time.tv_sec, .tv_usec = time.tv_nsec / 1000};
  return 0;
}

time_t time(time_t* result) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (result != NULL) *result = now.tv_sec;
  return now.tv_sec;
}

/* Deadlines of the monotonic clock are younger than thirty years. */
static int IsTimeOfDay(const struct timespec* deadline) { return deadline->tv_sec > 1000000000; }

int pthread_cond_timedwait(pthread_cond_t* restrict condition, pthread_mutex_t* restrict mutex,
                           const struct timespec* restrict deadline) {
  REAL(int, pthread_cond_timedwait, "GLIBC_2.3.2", pthread_cond_t*, pthread_mutex_t*,
       const struct timespec*);
  if (!IsTimeOfDay(deadline)) return real(condition, mutex, deadline);
  const struct timespec until = Shifted(deadline, -page->clock_offset_ns);
  return real(condition, mutex, &until);
}

/* Abseil sleeps by futex. */
long syscall(long number, ...) {
  REAL(long, syscall, BASE, long, ...);
  va_list rest;
  va_start(rest, number);
  long a[6];
  for (int i = 0; i < 6; ++i) a[i] = va_arg(rest, long);
  va_end(rest);
  struct timespec until;
  if (number == SYS_futex && a[3] != 0 && (a[1] & FUTEX_CLOCK_REALTIME) != 0 &&
      (a[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET) {
    until = Shifted((const struct timespec*)a[3], -page->clock_offset_ns);
    a[3] = (long)&until;
  }
  return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* What the disk does before a sync; not 0 where it fails. */
static int Disk(void) {
  const int64_t delay_us = page->sync_delay_us;
  if (delay_us > 0) usleep((useconds_t)delay_us);
  if (page->syncs_fail == 0) return 0;
  errno = EIO;
  return -1;
}

int fsync(int fd) {
  REAL(int, fsync, BASE, int);
  return Disk() != 0 ? -1 : real(fd);
}

int fdatasync(int fd) {
  REAL(int, fdatasync, BASE, int);
  return Disk() != 0 ? -1 : real(fd);
}
