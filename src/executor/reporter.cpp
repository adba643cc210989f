#include "executor/reporter.hpp"

#include <fmt/format.h>

#include "stash/base/error.hpp"
#include "stash/base/log.hpp"
#include "stash/net/pushgateway.hpp"

namespace stash::executor {
namespace {

template <class Session>
kube::EventSubject subject(const kube::Resource& resource, const Session& session) {
  kube::EventSubject out;
  out.api_version = resource.api_version();
  out.kind = resource.kind;
  out.ref = kube::Ref(session.metadata.ns, session.metadata.name);
  out.uid = session.metadata.uid;
  return out;
}

}  // namespace

kube::EventSubject subject_of(const api::BackupSession& session) {
  return subject(api::kBackupSession, session);
}
kube::EventSubject subject_of(const api::RestoreSession& session) {
  return subject(api::kRestoreSession, session);
}

Task<std::string> push_best_effort(const Place& place, std::string job, metrics::Labels grouping,
                                   const metrics::Registry& registry) {
  if (place.pushgateway_url.empty() || registry.empty()) co_return "";
  std::string failure;
  try {
    net::Url url = net::Url::parse(place.pushgateway_url);
    std::string text = registry.text();
    co_await net::push_metrics(std::move(url), std::move(job), std::move(grouping), std::move(text));
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Cancelled) throw;
    failure = e.what();
  }
  if (!failure.empty()) log::warn("metrics not pushed", {{"error", failure}});
  co_return failure;
}

std::string processing_time(Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  if (seconds >= 3600) return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
}

std::string list_problems(std::uint64_t count, std::string_view what, const std::vector<std::string>& first) {
  constexpr std::size_t kShown = 5;
  std::string text = fmt::format("{} {}", count, what);
  for (std::size_t i = 0; i < first.size() && i < kShown; ++i) text += (i == 0 ? ": " : "; ") + first[i];
  if (count > kShown) text += "; ...";
  return text;
}

}  // namespace stash::executor
