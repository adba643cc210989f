#pragma once

#include <string>
#include <variant>

#include "stash/kube/client.hpp"

/// The list-and-watch protocol without its I/O.
///
///        +--------- 410 Gone, or a fault that resuming cannot mend --------+
///        v                                                                 |
///   Listing --last page--> Opening --stream--> Reading --event--> Reading  |
///     ^  |                  ^   |                 |                   |    |
///     +--+ page, fault      |   +-----------------|-------------------+----+
///                           +---- end, broken ----+
///
/// A version is the resourceVersion up to which everything was told; bookmarks move it on in quiet times, so
/// that resuming seldom meets 410. After a 410 the list begins at once, but not when the version that is gone
/// came from a list itself; and `failures` counts faults since the last event heard, not since the last page.
/// So a server that lists well and then refuses every watch is asked at growing intervals.
namespace stash::kube::protocol {

struct Listing {
  std::string continue_token;  ///< empty: the first page
  bool operator==(const Listing&) const = default;
};
struct Opening {
  std::string version;
  bool listed = false;  ///< the version is a list's own: nothing was heard since
  bool operator==(const Opening&) const = default;
};
struct Reading {
  std::string version;
  bool listed = false;
  bool heard = false;  ///< an event came on this stream
  bool operator==(const Reading&) const = default;
};

struct State {
  std::variant<Listing, Opening, Reading> phase;
  int failures = 0;
  bool operator==(const State&) const = default;
};

struct Page {
  std::string continue_token;
  std::string version;
};
struct Opened {};
struct Heard {
  EventType type;
  std::string version;
};
struct Ended {};
struct Fault {
  ErrorKind kind;
};
using Reply = std::variant<Page, Opened, Heard, Ended, Fault>;

/// What the driver does before it goes on in `next`, in this order.
struct Step {
  State next;
  bool list_begins = false;
  bool deliver = false;  ///< the items of the page, or the object of the event
  bool list_ends = false;
  bool pause = false;  ///< for the back-off of next.failures
};

/// Throws Error(Internal) for a reply that the phase did not ask for.
Step step(State state, const Reply& reply);

}  // namespace stash::kube::protocol
