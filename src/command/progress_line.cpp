#include "command/progress_line.hpp"

#include <unistd.h>

#include "command/output.hpp"
#include "stash/base/bytes.hpp"

namespace stash::command {
namespace {

bool g_line_shown = false;

std::uint64_t rate(std::uint64_t done, Duration elapsed) {
  const auto ms =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count());
  return ms == 0 ? 0 : done * 1000 / ms;
}

/// Time left at this rate, while the total is known and not reached.
std::optional<Duration> time_left(std::uint64_t done, std::uint64_t total, std::uint64_t bytes_a_second) {
  if (total <= done || bytes_a_second == 0) return std::nullopt;
  return std::chrono::seconds((total - done) / bytes_a_second);
}

}  // namespace

std::string progress_text(const engine::Progress& p, Duration elapsed, std::uint64_t bytes_a_second) {
  const std::uint64_t done = p.bytes_done;
  const std::uint64_t total = p.bytes_total;
  std::string line =
      fmt::format("[{}] {} files, {}", format_duration(std::chrono::floor<std::chrono::seconds>(elapsed)),
                  p.files_done.load(), format_size(done));
  if (total > 0)
    line +=
        fmt::format(" of {} ({} %)", format_size(total), std::min<std::uint64_t>(100, done * 100 / total));
  line += fmt::format(", {}/s", format_size(bytes_a_second));
  if (const auto left = time_left(done, total, bytes_a_second)) line += ", ETA " + format_duration(*left);
  if (const std::uint64_t errors = p.errors; errors > 0) line += fmt::format(", {} errors", errors);
  return line;
}

std::string progress_json(const engine::Progress& p, Duration elapsed, std::uint64_t bytes_a_second) {
  JsonLine line;
  line.text("message_type", "status").seconds("seconds_elapsed", elapsed);
  line.number("files_done", p.files_done).number("total_files", p.files_total);
  line.number("bytes_done", p.bytes_done).number("total_bytes", p.bytes_total);
  line.number("bytes_new", p.bytes_new).number("bytes_stored", p.bytes_stored);
  line.number("bytes_per_second", bytes_a_second).number("error_count", p.errors);
  if (const auto left = time_left(p.bytes_done, p.bytes_total, bytes_a_second))
    line.seconds("seconds_remaining", *left);
  return line.str();
}

Task<void> show_progress(Hand& hand, const engine::Progress& progress) {
  const bool terminal = !hand.options().quiet && !hand.options().json && ::isatty(STDERR_FILENO) == 1;
  const bool json = !hand.options().quiet && hand.options().json;
  const auto start = hand.timers().steady();
  for (;;) {
    co_await hand.timers().sleep(std::chrono::seconds(1));
    const Duration elapsed = hand.timers().steady() - start;
    const std::uint64_t speed = rate(progress.bytes_done, elapsed);
    if (json) fmt::print("{}\n", progress_json(progress, elapsed, speed));
    if (!terminal) continue;
    fmt::print(stderr, "\r\x1b[K{}", progress_text(progress, elapsed, speed));
    g_line_shown = true;
  }
}

void clear_progress_line() {
  if (g_line_shown) fmt::print(stderr, "\r\x1b[K");
  g_line_shown = false;
}

}  // namespace stash::command
