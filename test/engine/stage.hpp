#pragma once

// One event loop on which actors run, each until it waits for its turn; who goes on is chosen from outside.
// Everything runs on one thread, so that the choices are the schedule.

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <deque>
#include <functional>
#include <list>
#include <string>
#include <vector>

#include "stash/base/error.hpp"
#include "stash/net/task.hpp"

namespace stash::engine::test {

/// Number of an actor, from 0.
using Actor = std::size_t;

class Stage {
 public:
  /// Adds an actor. Everything it awaits beside turn() has to come without a turn.
  void enter(Task<void> actor) {
    waiting_.emplace_back();
    ++here_;
    const auto done = [this](std::exception_ptr how) {
      --here_;
      if (how && !failure_) failure_ = how;
    };
    // What an actor starts wants a slot by which it could be cancelled.
    boost::asio::co_spawn(io_, std::move(actor),
                          boost::asio::bind_cancellation_slot(never_.emplace_back().slot(), done));
  }

  /// Waits until the choice falls on `actor`. One actor may wait with several calls: the oldest goes first.
  Task<void> turn(Actor actor) {
    const auto wait = [this, actor](Handler handler) { waiting_[actor].push_back(std::move(handler)); };
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
        wait, boost::asio::use_awaitable);
  }

  /// Runs all to their end. `choose` gets who waits, in order, and answers with one of them. Rethrows what
  /// escaped from an actor first; Error(Internal) when they wait for something that never comes.
  void run(const std::function<Actor(const std::vector<Actor>&)>& choose) {
    std::vector<Actor> who;
    for (;;) {
      io_.restart();
      io_.poll();
      who.clear();
      for (Actor actor = 0; actor < waiting_.size(); ++actor)
        if (!waiting_[actor].empty()) who.push_back(actor);
      if (who.empty()) break;
      std::deque<Handler>& calls = waiting_[choose(who)];
      boost::asio::post(io_, std::move(calls.front()));
      calls.pop_front();
    }
    if (failure_) std::rethrow_exception(failure_);
    if (here_ > 0) throw Error(ErrorKind::Internal, "{} actors wait for what never comes", here_);
  }

 private:
  using Handler = boost::asio::any_completion_handler<void()>;

  std::list<boost::asio::cancellation_signal> never_;
  boost::asio::io_context io_{1};
  std::vector<std::deque<Handler>> waiting_;
  std::exception_ptr failure_;
  std::size_t here_ = 0;
};

}  // namespace stash::engine::test
