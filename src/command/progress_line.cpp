#include "command/progress_line.hpp"

#include <time.h>
#include <unistd.h>

#include "command/bottleneck.hpp"
#include "command/output.hpp"
#include "stash/base/bytes.hpp"
#include "stash/base/limits.hpp"

namespace stash::command {
namespace {

bool g_line_shown = false;

std::uint64_t rate(std::uint64_t done, Duration elapsed) {
  const auto ms =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count());
  return ms == 0 ? 0 : done * 1000 / ms;
}

constexpr int kLooks = 10;  ///< at the bottleneck in a second

struct Look {
  std::chrono::steady_clock::time_point at;
  Duration used;  ///< CPU time of the process so far
};

Duration cpu_time() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

/// Time left at this rate, while the total is known and not reached.
std::optional<Duration> time_left(std::uint64_t done, std::uint64_t total, std::uint64_t bytes_a_second) {
  if (total <= done || bytes_a_second == 0) return std::nullopt;
  return std::chrono::seconds((total - done) / bytes_a_second);
}

}  // namespace

std::string progress_text(const ProgressView& view) {
  const engine::Progress& p = view.progress;
  const std::uint64_t done = p.bytes_done;
  const std::uint64_t total = p.bytes_total;
  std::string line = fmt::format("[{}] {} files, {}",
                                 format_duration(std::chrono::floor<std::chrono::seconds>(view.elapsed)),
                                 p.files_done.load(), format_size(done));
  if (total > 0)
    line +=
        fmt::format(" of {} ({} %)", format_size(total), std::min<std::uint64_t>(100, done * 100 / total));
  line += fmt::format(", {}/s", format_size(view.bytes_a_second));
  if (const auto left = time_left(done, total, view.bytes_a_second))
    line += ", ETA " + format_duration(*left);
  if (!view.bottleneck.empty()) line += fmt::format(", bottleneck: {}", view.bottleneck);
  if (const std::uint64_t errors = p.errors; errors > 0) line += fmt::format(", {} errors", errors);
  return line;
}

std::string progress_json(const ProgressView& view) {
  const engine::Progress& p = view.progress;
  JsonLine line;
  line.text("message_type", "status").seconds("seconds_elapsed", view.elapsed);
  line.number("files_done", p.files_done).number("total_files", p.files_total);
  line.number("bytes_done", p.bytes_done).number("total_bytes", p.bytes_total);
  line.number("bytes_new", p.bytes_new).number("bytes_stored", p.bytes_stored);
  line.number("bytes_per_second", view.bytes_a_second).number("error_count", p.errors);
  if (const auto left = time_left(p.bytes_done, p.bytes_total, view.bytes_a_second))
    line.seconds("seconds_remaining", *left);
  if (!view.bottleneck.empty()) line.text("bottleneck", view.bottleneck);
  return line.str();
}

Task<void> show_progress(Hand& hand, const engine::Progress& progress, Flow flow) {
  const bool terminal = !hand.options().quiet && !hand.options().json && ::isatty(STDERR_FILENO) == 1;
  const bool json = !hand.options().quiet && hand.options().json;
  if (!terminal && !json) co_return;
  const auto start = hand.timers().steady();
  Bottleneck bottleneck(available_cpus());
  Look before{start, cpu_time()};
  for (;;) {
    for (int i = 0; i < kLooks; ++i) {
      co_await hand.timers().sleep(std::chrono::milliseconds(1000 / kLooks));
      const Look now{hand.timers().steady(), cpu_time()};
      if (flow == Flow::SourceToStore)
        bottleneck.look(now.at - before.at, now.used - before.used, progress.store_waiters > 0);
      before = now;
    }
    const Duration elapsed = before.at - start;
    const ProgressView view{progress, elapsed, rate(progress.bytes_done, elapsed), bottleneck.take()};
    if (json) {
      fmt::print("{}\n", progress_json(view));
      flush_output();
    }
    if (!terminal) continue;
    fmt::print(stderr, "\r\x1b[K{}", progress_text(view));
    g_line_shown = true;
  }
}

void clear_progress_line() {
  if (g_line_shown) fmt::print(stderr, "\r\x1b[K");
  g_line_shown = false;
}

}  // namespace stash::command
