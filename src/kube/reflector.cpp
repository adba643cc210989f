#include "stash/kube/reflector.hpp"

#include "kube/watch_protocol.hpp"
#include "stash/base/log.hpp"
#include "stash/kube/meta.hpp"
#include "stash/net/backoff.hpp"

namespace stash::kube {
namespace {

constexpr auto kFirstPause = std::chrono::milliseconds(800);
constexpr auto kLongestPause = std::chrono::seconds(30);

EventType type_of(const protocol::Reply& reply) { return std::get<protocol::Heard>(reply).type; }

}  // namespace

/// Performs what the protocol's phase asks for; keeps the page or object that came until it was delivered.
struct Reflector::Driver {
  Reflector& self;
  std::unique_ptr<WatchStream> stream;
  json::Document body;

  explicit Driver(Reflector& s) : self(s) {}

  ListOptions options() const {
    ListOptions out;
    out.ns = self.selection_.ns;
    out.label_selector = self.selection_.label_selector;
    out.field_selector = self.selection_.field_selector;
    return out;
  }

  Task<protocol::Reply> ask(protocol::Listing listing) {
    stream.reset();
    ListOptions wanted = options();
    wanted.continue_token = std::move(listing.continue_token);
    body = co_await self.client_.list(self.resource_, std::move(wanted));
    protocol::Page page;
    page.continue_token = json::text(body, "metadata", "continue");
    page.version = json::text(body, "metadata", "resourceVersion");
    co_return page;
  }

  Task<protocol::Reply> ask(protocol::Opening opening) {
    stream.reset();
    ListOptions wanted = options();
    wanted.resource_version = std::move(opening.version);
    stream = co_await self.client_.watch(self.resource_, std::move(wanted));
    co_return protocol::Opened{};
  }

  Task<protocol::Reply> ask(protocol::Reading) {
    auto event = co_await stream->read();
    if (!event) co_return protocol::Ended{};
    body = std::move(event->object);
    protocol::Heard heard;
    heard.type = event->type;
    heard.version = resource_version_of(body);
    co_return heard;
  }

  Task<protocol::Reply> reply_to(protocol::State state) {
    std::optional<Error> failure;
    try {
      auto asked = std::visit([this](auto phase) { return ask(std::move(phase)); }, std::move(state.phase));
      co_return co_await std::move(asked);
    } catch (const Error& e) {
      failure = e;
    }
    if (failure->kind() == ErrorKind::Cancelled) throw *failure;
    log::write(
        failure->kind() == ErrorKind::Conflict ? log::Level::Info : log::Level::Warn, "watch interrupted",
        {{"resource", self.resource_.plural}, {"namespace", self.selection_.ns}, {"error", failure->what()}});
    co_return protocol::Fault{failure->kind()};
  }

  void deliver(const protocol::Reply& reply) {
    if (std::holds_alternative<protocol::Page>(reply)) {
      if (const json::Value* items = json::find(body, "items"); items && items->IsArray())
        for (const json::Value& item : items->GetArray()) self.sink_.put(item);
    } else if (type_of(reply) == EventType::Deleted) {
      self.sink_.gone(body);
    } else {
      self.sink_.put(body);
    }
  }
};

Reflector::Reflector(Client& client, net::Timers& timers, Random& random, const Resource& resource,
                     Selection selection, ReflectorSink& sink)
    : client_(client),
      timers_(timers),
      random_(random),
      resource_(resource),
      selection_(std::move(selection)),
      sink_(sink) {}

Task<void> Reflector::run() {
  Driver driver(*this);
  protocol::State state;
  net::Backoff pause(random_, kFirstPause, kLongestPause);
  for (;;) {
    const protocol::Reply reply = co_await driver.reply_to(state);
    protocol::Step step = protocol::step(std::move(state), reply);
    if (step.list_begins) sink_.list_begins();
    if (step.deliver) driver.deliver(reply);
    if (step.list_ends) sink_.list_ends();
    driver.body = json::Document();
    state = std::move(step.next);
    if (state.failures == 0) pause.reset();
    if (step.pause) co_await timers_.sleep(pause.next());
  }
}

}  // namespace stash::kube
