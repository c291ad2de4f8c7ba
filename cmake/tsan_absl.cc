// Makes absl::Mutex, CondVar and Notification visible to ThreadSanitizer.
//
// Debian's Abseil is not instrumented, so TSan does not see that a mutex orders what it guards and
// would report every guarded access as a race. The linker (--wrap, see Flamekeep.cmake) sends our
// calls through these functions, which tell TSan what Abseil itself tells it when it is compiled
// with -fsanitize=thread. Between `pre` and `post` TSan ignores the thread, conditions that Abseil
// evaluates included.
//
// The symbols are mangled names of Debian 12's Abseil (inline namespace debian3).

#include <sanitizer/tsan_interface.h>

#include <type_traits>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

#define FLAMEKEEP_WRAP(type, name, symbol, ...)           \
  type Real##name(__VA_ARGS__) __asm__("__real_" symbol); \
  type Wrap##name(__VA_ARGS__) __asm__("__wrap_" symbol); \
  type Wrap##name(__VA_ARGS__)

namespace {

using absl::Condition;
using absl::CondVar;
using absl::Duration;
using absl::Mutex;
using absl::Notification;
using absl::Time;

// Nobody constructs a Mutex visibly, so TSan is to make its own on first use.
constexpr unsigned kWrite = __tsan_mutex_linker_init;
constexpr unsigned kRead = __tsan_mutex_linker_init | __tsan_mutex_read_lock;

// Locks by calling `real`.
template <typename Real>
auto Locked(Mutex* mutex, unsigned flags, Real real) {
  __tsan_mutex_pre_lock(mutex, flags);
  if constexpr (std::is_void_v<decltype(real())>) {
    real();
    __tsan_mutex_post_lock(mutex, flags, 0);
  } else {
    // A *When that timed out holds the mutex all the same.
    auto result = real();
    __tsan_mutex_post_lock(mutex, flags, 0);
    return result;
  }
}

template <typename Real>
bool TryLocked(Mutex* mutex, unsigned flags, Real real) {
  flags |= __tsan_mutex_try_lock;
  __tsan_mutex_pre_lock(mutex, flags);
  const bool locked = real();
  __tsan_mutex_post_lock(mutex, locked ? flags : flags | __tsan_mutex_try_lock_failed, 0);
  return locked;
}

void BeforeUnlock(Mutex* mutex, unsigned flags) { __tsan_mutex_pre_unlock(mutex, flags); }
void AfterUnlock(Mutex* mutex, unsigned flags) { __tsan_mutex_post_unlock(mutex, flags); }

// Releases the mutex, waits and takes it again by calling `real`. The mode is not known here: a
// waiting reader is taken for a writer, which TSan reports as a wrong unlock.
template <typename Real>
auto Waited(Mutex* mutex, Real real) {
  BeforeUnlock(mutex, kWrite);
  AfterUnlock(mutex, kWrite);
  return Locked(mutex, kWrite, real);
}

}  // namespace

FLAMEKEEP_WRAP(void, Destroy, "_ZN4absl7debian35MutexD1Ev", Mutex* mutex) {
  __tsan_mutex_destroy(mutex, kWrite);
  RealDestroy(mutex);
}
FLAMEKEEP_WRAP(void, Lock, "_ZN4absl7debian35Mutex4LockEv", Mutex* mutex) {
  Locked(mutex, kWrite, [&] { RealLock(mutex); });
}
FLAMEKEEP_WRAP(void, ReaderLock, "_ZN4absl7debian35Mutex10ReaderLockEv", Mutex* mutex) {
  Locked(mutex, kRead, [&] { RealReaderLock(mutex); });
}
FLAMEKEEP_WRAP(void, Unlock, "_ZN4absl7debian35Mutex6UnlockEv", Mutex* mutex) {
  BeforeUnlock(mutex, kWrite);
  RealUnlock(mutex);
  AfterUnlock(mutex, kWrite);
}
FLAMEKEEP_WRAP(void, ReaderUnlock, "_ZN4absl7debian35Mutex12ReaderUnlockEv", Mutex* mutex) {
  BeforeUnlock(mutex, kRead);
  RealReaderUnlock(mutex);
  AfterUnlock(mutex, kRead);
}
FLAMEKEEP_WRAP(bool, TryLock, "_ZN4absl7debian35Mutex7TryLockEv", Mutex* mutex) {
  return TryLocked(mutex, kWrite, [&] { return RealTryLock(mutex); });
}
FLAMEKEEP_WRAP(bool, ReaderTryLock, "_ZN4absl7debian35Mutex13ReaderTryLockEv", Mutex* mutex) {
  return TryLocked(mutex, kRead, [&] { return RealReaderTryLock(mutex); });
}
FLAMEKEEP_WRAP(void, LockWhen, "_ZN4absl7debian35Mutex8LockWhenERKNS0_9ConditionE", Mutex* mutex,
               const Condition& condition) {
  Locked(mutex, kWrite, [&] { RealLockWhen(mutex, condition); });
}
FLAMEKEEP_WRAP(void, ReaderLockWhen, "_ZN4absl7debian35Mutex14ReaderLockWhenERKNS0_9ConditionE",
               Mutex* mutex, const Condition& condition) {
  Locked(mutex, kRead, [&] { RealReaderLockWhen(mutex, condition); });
}
FLAMEKEEP_WRAP(bool, LockWhenWithTimeout,
               "_ZN4absl7debian35Mutex19LockWhenWithTimeoutERKNS0_9ConditionENS0_8DurationE",
               Mutex* mutex, const Condition& condition, Duration timeout) {
  return Locked(mutex, kWrite, [&] { return RealLockWhenWithTimeout(mutex, condition, timeout); });
}
FLAMEKEEP_WRAP(bool, LockWhenWithDeadline,
               "_ZN4absl7debian35Mutex20LockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE",
               Mutex* mutex, const Condition& condition, Time deadline) {
  return Locked(mutex, kWrite,
                [&] { return RealLockWhenWithDeadline(mutex, condition, deadline); });
}
FLAMEKEEP_WRAP(void, Await, "_ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE", Mutex* mutex,
               const Condition& condition) {
  Waited(mutex, [&] { RealAwait(mutex, condition); });
}
FLAMEKEEP_WRAP(bool, AwaitWithTimeout,
               "_ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE",
               Mutex* mutex, const Condition& condition, Duration timeout) {
  return Waited(mutex, [&] { return RealAwaitWithTimeout(mutex, condition, timeout); });
}
FLAMEKEEP_WRAP(bool, AwaitWithDeadline,
               "_ZN4absl7debian35Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE",
               Mutex* mutex, const Condition& condition, Time deadline) {
  return Waited(mutex, [&] { return RealAwaitWithDeadline(mutex, condition, deadline); });
}
FLAMEKEEP_WRAP(void, CondVarWait, "_ZN4absl7debian37CondVar4WaitEPNS0_5MutexE", CondVar* variable,
               Mutex* mutex) {
  Waited(mutex, [&] { RealCondVarWait(variable, mutex); });
}
FLAMEKEEP_WRAP(bool, CondVarWaitWithTimeout,
               "_ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE",
               CondVar* variable, Mutex* mutex, Duration timeout) {
  return Waited(mutex, [&] { return RealCondVarWaitWithTimeout(variable, mutex, timeout); });
}
FLAMEKEEP_WRAP(bool, CondVarWaitWithDeadline,
               "_ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE",
               CondVar* variable, Mutex* mutex, Time deadline) {
  return Waited(mutex, [&] { return RealCondVarWaitWithDeadline(variable, mutex, deadline); });
}
FLAMEKEEP_WRAP(void, Notify, "_ZN4absl7debian312Notification6NotifyEv",
               Notification* notification) {
  __tsan_release(notification);
  RealNotify(notification);
}
FLAMEKEEP_WRAP(void, WaitForNotification, "_ZNK4absl7debian312Notification19WaitForNotificationEv",
               const Notification* notification) {
  RealWaitForNotification(notification);
  __tsan_acquire(const_cast<Notification*>(notification));
}
FLAMEKEEP_WRAP(bool, WaitForNotificationWithTimeout,
               "_ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE",
               const Notification* notification, Duration timeout) {
  const bool notified = RealWaitForNotificationWithTimeout(notification, timeout);
  __tsan_acquire(const_cast<Notification*>(notification));
  return notified;
}
