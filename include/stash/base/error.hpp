#pragma once

#include <fmt/format.h>

#include <concepts>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace stash {

/// What a caller can do about a failure: the only thing code may branch on.
enum class ErrorKind {
  NotFound,     ///< the named thing does not exist; creating it or another name would help
  Conflict,     ///< somebody else changed or made it first; read again and retry
  Invalid,      ///< the input is wrong; a person has to change it
  Denied,       ///< credentials or permissions do not allow it
  Unavailable,  ///< a passing fault: retry with back-off
  Exhausted,    ///< disk, quota or memory is full; a person has to make room
  Corrupt,      ///< stored bytes are not what was written
  Unsupported,  ///< the other side, or this version, cannot do it
  Cancelled,    ///< the caller asked to stop
  Internal,     ///< a defect of this program
};

/// Name of a kind as it stands in logs: "unavailable".
std::string_view to_string(ErrorKind kind);

/// A failure with a lower-case phrase that nests: "open repository /srv/r: read config: no such object".
class Error : public std::runtime_error {
 public:
  template <class... Args>
  Error(ErrorKind kind, fmt::format_string<Args...> text, Args&&... args)
      : std::runtime_error(fmt::format(text, std::forward<Args>(args)...)), kind_(kind) {}

  ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

/// True where trying the same again later may succeed without a person's help.
constexpr bool retryable(ErrorKind kind) {
  return kind == ErrorKind::Conflict || kind == ErrorKind::Unavailable;
}

/// Runs `step`; an Error leaving it gets "what: " put before its text.
template <std::invocable F>
decltype(auto) doing(std::string_view what, F&& step) {
  try {
    return std::forward<F>(step)();
  } catch (const Error& e) {
    throw Error(e.kind(), "{}: {}", what, e.what());
  }
}

/// The kind and sentence for an `errno` value: ENOENT NotFound, EACCES Denied, ENOSPC Exhausted, EIO
/// Unavailable ...
Error errno_error(int code, std::string_view what);

}  // namespace stash
