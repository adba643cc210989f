#include "kube/watch_protocol.hpp"

namespace stash::kube::protocol {
namespace {

/// Lists anew from the first page.
Step relist(int failures, bool at_once) {
  Step out;
  out.next = State{Listing{}, failures + 1};
  out.pause = !at_once;
  return out;
}

Step on(Listing listing, int failures, const Page& page) {
  Step out;
  out.deliver = true;
  out.list_begins = listing.continue_token.empty();
  out.list_ends = page.continue_token.empty();
  out.next.failures = failures;
  if (out.list_ends)
    out.next.phase = Opening{page.version, true};
  else
    out.next.phase = Listing{page.continue_token};
  return out;
}

Step on(Listing listing, int failures, const Fault& fault) {
  if (fault.kind != ErrorKind::Unavailable) return relist(failures, false);
  Step out;
  out.next = State{std::move(listing), failures + 1};
  out.pause = true;
  return out;
}

Step on(Opening opening, int failures, const Opened&) {
  Step out;
  out.next = State{Reading{std::move(opening.version), opening.listed, false}, failures};
  return out;
}

Step on(Opening opening, int failures, const Fault& fault) {
  if (fault.kind != ErrorKind::Unavailable)
    return relist(failures, fault.kind == ErrorKind::Conflict && !opening.listed);
  Step out;
  out.next = State{std::move(opening), failures + 1};
  out.pause = true;
  return out;
}

Step on(Reading reading, int, const Heard& event) {
  Step out;
  out.deliver = event.type != EventType::Bookmark;
  if (!event.version.empty()) reading.version = event.version;
  out.next.phase = Reading{std::move(reading.version), false, true};
  return out;
}

/// A stream that told something may be opened again at once; one that never did must not become a busy loop.
Step resume(Reading reading, int failures) {
  Step out;
  out.next = State{Opening{std::move(reading.version), reading.listed}, reading.heard ? 0 : failures + 1};
  out.pause = !reading.heard;
  return out;
}

Step on(Reading reading, int failures, const Ended&) { return resume(std::move(reading), failures); }

Step on(Reading reading, int failures, const Fault& fault) {
  if (fault.kind == ErrorKind::Unavailable) return resume(std::move(reading), failures);
  return relist(failures, fault.kind == ErrorKind::Conflict && !reading.listed);
}

template <class Phase, class Answer>
Step on(const Phase&, int, const Answer&) {
  throw Error(ErrorKind::Internal, "watch: a reply that was not asked for");
}

}  // namespace

Step step(State state, const Reply& reply) {
  return std::visit(
      [&state](auto&& phase, const auto& answer) { return on(std::move(phase), state.failures, answer); },
      std::move(state.phase), reply);
}

}  // namespace stash::kube::protocol
