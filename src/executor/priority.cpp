#include "stash/executor/priority.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>

#include "stash/base/log.hpp"

namespace stash::executor {
namespace {

// Of ioprio_set(2); the kernel's header is no C++.
constexpr int kThisThread = 1;
constexpr int kClassShift = 13;
constexpr int kRealTime = 1;
constexpr int kBestEffort = 2;

/// What ionice(1) takes when it is given a class alone.
constexpr int kUsualLevel = 4;

std::optional<int> number_in(const char* variable) {
  const char* value = std::getenv(variable);
  const std::string_view text = value ? value : "";
  if (text.empty()) return std::nullopt;
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  log::warn("environment variable is not a number", {{"name", variable}, {"value", text}});
  return std::nullopt;
}

bool adjust_nice(int by) {
  errno = 0;
  const int now = getpriority(PRIO_PROCESS, 0);
  return errno == 0 && setpriority(PRIO_PROCESS, 0, now + by) == 0;
}

bool set_disk_priority(int io_class, int level) {
  const bool has_levels = io_class == kRealTime || io_class == kBestEffort;
  const int value = (io_class << kClassShift) | (has_levels ? level : 0);
  return syscall(SYS_ioprio_set, kThisThread, 0, value) == 0;
}

void tell_refusal(const char* field) {
  log::warn("priority is not taken", {{"field", fmt::format("spec.runtimeSettings.container.{}", field)},
                                      {"error", std::strerror(errno)}});
}

}  // namespace

void take_priority() {
  const auto nice = number_in("NICE_ADJUSTMENT");
  if (nice && !adjust_nice(*nice)) tell_refusal("nice");
  const auto io_class = number_in("IONICE_CLASS");
  const auto level = number_in("IONICE_CLASS_DATA");
  if ((io_class || level) && !set_disk_priority(io_class.value_or(kBestEffort), level.value_or(kUsualLevel)))
    tell_refusal("ionice");
}

}  // namespace stash::executor
