#pragma once

// Bodies of the templates of task.hpp. Each is a thin typed shell around one untyped function of task.cpp, so
// that the event loop, co_spawn and the timers are compiled once and not in every file that awaits.

#include <optional>
#include <type_traits>
#include <utility>

namespace stash::net {
namespace detail {

Task<void> within(Duration limit, std::string what, Task<void> op);
Task<void> offload(Pool& pool, std::function<void()> fn);
void run(Task<void> task, bool signals);

/// Awaits `op` and keeps what it returned.
template <class T>
Task<void> keep(Task<T> op, std::optional<T>& into) {
  into.emplace(co_await std::move(op));
}

}  // namespace detail

template <class T>
Task<T> within(Duration limit, std::string what, Task<T> op) {
  if constexpr (std::is_void_v<T>) {
    co_await detail::within(limit, std::move(what), std::move(op));
  } else {
    std::optional<T> result;
    co_await detail::within(limit, std::move(what), detail::keep(std::move(op), result));
    co_return std::move(*result);
  }
}

template <class F>
Task<std::invoke_result_t<F>> offload(Pool& pool, F fn) {
  using T = std::invoke_result_t<F>;
  if constexpr (std::is_void_v<T>) {
    std::function<void()> call = [&fn] { fn(); };
    co_await detail::offload(pool, std::move(call));
  } else {
    std::optional<T> result;
    std::function<void()> call = [&fn, &result] { result.emplace(fn()); };
    co_await detail::offload(pool, std::move(call));
    co_return std::move(*result);
  }
}

template <class T>
T run(Task<T> task, bool signals) {
  if constexpr (std::is_void_v<T>) {
    detail::run(std::move(task), signals);
  } else {
    std::optional<T> result;
    detail::run(detail::keep(std::move(task), result), signals);
    return std::move(*result);
  }
}

}  // namespace stash::net
