#include "stash/kube/events.hpp"

#include <boost/asio/this_coro.hpp>

#include "kube/event_body.hpp"
#include "stash/base/log.hpp"
#include "stash/kube/meta.hpp"
#include "stash/kube/resources.hpp"

namespace stash::kube {
namespace {

constexpr auto kTimeLimit = std::chrono::seconds(10);
constexpr int kTries = 3;

/// Makes the Event, or counts up the one that says the same already. Two writers may race: then again.
Task<void> write(Client& client, EventWords words) {
  const Ref ref = event_ref(words);
  for (int left = kTries;; --left) {
    try {
      const auto known = co_await client.find(kEvent, ref);
      if (known) {
        PatchOptions how;
        co_await client.patch(kEvent, ref, event_repeat(*known, words), std::move(how));
      } else {
        co_await client.create(kEvent, ref.ns, event_body(words));
      }
      co_return;
    } catch (const Error& e) {
      if (left == 0 || (e.kind() != ErrorKind::Conflict && e.kind() != ErrorKind::NotFound)) throw;
    }
  }
}

}  // namespace

EventSubject::EventSubject(const Resource& resource, const json::Value& object)
    : api_version(resource.api_version()), kind(resource.kind), ref(ref_of(object)), uid(uid_of(object)) {}

EventRecorder::EventRecorder(Client& client, const Clock& clock, std::string component, std::string instance)
    : client_(client), clock_(clock), component_(std::move(component)), instance_(std::move(instance)) {}

Task<void> EventRecorder::record(EventSubject subject, Severity severity, std::string reason,
                                 std::string message) {
  EventWords words;
  words.subject = std::move(subject);
  words.warning = severity == Severity::Warning;
  words.reason = std::move(reason);
  words.message = cut_message(std::move(message));
  words.component = component_;
  words.instance = instance_;
  words.now = clock_.now();
  const std::string about = words.subject.ref.str();
  std::string failure;
  try {
    auto task = write(client_, std::move(words));
    co_await net::within(kTimeLimit, "write event", std::move(task));
    co_return;
  } catch (const std::exception& e) {
    failure = e.what();
  }
  const auto cancellation = co_await boost::asio::this_coro::cancellation_state;
  if (cancellation.cancelled() != boost::asio::cancellation_type::none)
    throw Error(ErrorKind::Cancelled, "cancelled");
  log::warn("event not written", {{"object", about}, {"error", failure}});
}

}  // namespace stash::kube
