#pragma once

#include <string>
#include <string_view>

#include "command/hand.hpp"
#include "stash/engine/progress.hpp"

namespace stash::command {

/// What one second of work looks like. `elapsed` since the start; an ETA only once the total is known, a
/// bottleneck (as Bottleneck tells it) only where it is not "".
struct ProgressView {
  const engine::Progress& progress;
  Duration elapsed;
  std::uint64_t bytes_a_second;
  std::string_view bottleneck;
};
std::string progress_text(const ProgressView& view);
std::string progress_json(const ProgressView& view);

/// Whether the work goes from a source to a store, so that one of these or the CPU is its bottleneck.
enum class Flow { Other, SourceToStore };

/// Shows `progress` once a second for as long as it is awaited: one line that is rewritten on a terminal,
/// JSON lines on standard output with --json, nothing otherwise. Ends only by cancellation.
Task<void> show_progress(Hand& hand, const engine::Progress& progress, Flow flow);

/// Runs `work` with its progress shown beside it.
template <class T>
Task<T> with_progress(Hand& hand, const engine::Progress& progress, Task<T> work, Flow flow = Flow::Other);

/// Removes a progress line from the terminal.
void clear_progress_line();

template <class T>
Task<T> with_progress(Hand& hand, const engine::Progress& progress, Task<T> work, Flow flow) {
  net::TaskGroup group;
  co_await group.spawn(show_progress(hand, progress, flow));
  std::optional<T> result;
  std::exception_ptr failed;
  try {
    result.emplace(co_await std::move(work));
  } catch (...) {
    failed = std::current_exception();
  }
  group.cancel();
  try {
    co_await group.join();
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Cancelled && !failed) failed = std::current_exception();
  } catch (const std::exception&) {
    if (!failed) failed = std::current_exception();  // standard output takes no more
  }
  clear_progress_line();
  if (failed) std::rethrow_exception(failed);
  co_return std::move(*result);
}

}  // namespace stash::command
