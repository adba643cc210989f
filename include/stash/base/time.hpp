#pragma once

#include <chrono>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace stash {

using TimePoint = std::chrono::sys_time<std::chrono::nanoseconds>;
using Duration = std::chrono::nanoseconds;

/// A time as the system tells it. What lies before the first midnight or after the last second that a
/// TimePoint can tell, in 1677 and 2262, becomes that one: file systems hand out times without a meaning.
TimePoint from_timespec(const timespec& time);

/// "2026-11-23T10:52:00Z": whole seconds, UTC, as Kubernetes writes times.
std::string format_time(TimePoint time);
/// The same with microseconds, as Kubernetes writes MicroTime (Lease): "2026-11-23T10:52:00.000000Z".
std::string format_micro_time(TimePoint time);
/// RFC 3339 with optional fraction (to ns) and any offset; nothing when malformed or outside years 1678 to
/// 2261.
std::optional<TimePoint> parse_time(std::string_view text);

/// A Go duration: "1h30m0s", "3.41s", "250ms", "0s".
std::string format_duration(Duration duration);
/// Go's time.ParseDuration: "1h30m", "1.5h", "-2s", units ns us ms s m h; nothing when malformed or out of
/// range.
std::optional<Duration> parse_duration(std::string_view text);

}  // namespace stash
