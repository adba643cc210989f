#pragma once

#include <fmt/format.h>

#include <concepts>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

namespace stash::log {

enum class Level { Debug, Info, Warn, Error };

/// One key and its value, already text.
struct Pair {
  std::string_view key;
  std::string value;

  template <class T>
  Pair(std::string_view k, const T& v) : key(k), value(fmt::format("{}", v)) {}
};

using Sink = std::function<void(std::string_view line)>;

/// Lines below `level` are dropped. Default Info.
void set_level(Level level);
/// Where lines go (without line feed); the default writes to standard error. For tests and for the progress
/// bar.
void set_sink(Sink sink);

/// One line: time, level, a constant message, then key=value pairs (values quoted where they need it). Any
/// thread.
void write(Level level, std::string_view message, std::initializer_list<Pair> pairs);

inline void debug(std::string_view message, std::initializer_list<Pair> pairs = {}) {
  write(Level::Debug, message, pairs);
}
inline void info(std::string_view message, std::initializer_list<Pair> pairs = {}) {
  write(Level::Info, message, pairs);
}
inline void warn(std::string_view message, std::initializer_list<Pair> pairs = {}) {
  write(Level::Warn, message, pairs);
}
inline void error(std::string_view message, std::initializer_list<Pair> pairs = {}) {
  write(Level::Error, message, pairs);
}

}  // namespace stash::log
