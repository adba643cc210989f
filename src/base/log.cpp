#include "stash/base/log.hpp"

#include <unistd.h>

#include <atomic>
#include <mutex>

#include "stash/base/clock.hpp"

namespace stash::log {
namespace {

std::atomic<Level> g_level{Level::Info};

struct Output {
  std::mutex mutex;
  Sink sink;
};

Output& output() {
  static Output instance;
  return instance;
}

constexpr std::string_view name_of(Level level) {
  switch (level) {
    case Level::Debug:
      return "DEBUG";
    case Level::Info:
      return "INFO ";
    case Level::Warn:
      return "WARN ";
    case Level::Error:
      return "ERROR";
  }
  return "ERROR";
}

bool needs_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(" \"=\n\r\t\\") != std::string_view::npos;
}

void append_value(std::string& line, std::string_view value) {
  if (!needs_quotes(value)) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') line += '\\';
    if (c == '\n')
      line += "\\n";
    else if (static_cast<unsigned char>(c) < 0x20)
      line += ' ';
    else
      line += c;
  }
  line += '"';
}

void to_stderr(std::string line) {
  line += '\n';
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t n = ::write(STDERR_FILENO, rest.data(), rest.size());
    if (n <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

void set_level(Level level) { g_level = level; }

void set_sink(Sink sink) {
  Output& out = output();
  const std::lock_guard lock(out.mutex);
  out.sink = std::move(sink);
}

void write(Level level, std::string_view message, std::initializer_list<Pair> pairs) {
  if (level < g_level.load(std::memory_order_relaxed)) return;
  std::string line = fmt::format("{} {} {}", format_micro_time(SystemClock().now()), name_of(level), message);
  for (const Pair& pair : pairs) {
    line += ' ';
    line += pair.key;
    line += '=';
    append_value(line, pair.value);
  }
  Output& out = output();
  const std::lock_guard lock(out.mutex);
  if (out.sink)
    out.sink(line);
  else
    to_stderr(std::move(line));
}

}  // namespace stash::log
