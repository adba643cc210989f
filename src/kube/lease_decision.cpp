#include "kube/lease_decision.hpp"

#include <algorithm>

#include "stash/kube/meta.hpp"

namespace stash::kube {
namespace {

std::int64_t whole_seconds(Duration duration) {
  return std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(duration).count());
}

std::string time_or_null(const std::optional<TimePoint>& time) {
  return time ? json::quote(format_micro_time(*time)) : "null";
}

std::string spec(const LeaseRecord& record) {
  return fmt::format(
      R"({{"holderIdentity":{},"leaseDurationSeconds":{},"acquireTime":{},"renewTime":{},"leaseTransitions":{}}})",
      json::quote(record.holder), whole_seconds(record.duration), time_or_null(record.acquire_time),
      time_or_null(record.renew_time), record.transitions);
}

std::string labels_text(const LeaseOptions& options) {
  std::string out;
  for (const auto& [key, value] : options.labels)
    out += fmt::format("{}{}:{}", out.empty() ? "" : ",", json::quote(key), json::quote(value));
  return out;
}

}  // namespace

LeaseRecord lease_record(const json::Value& lease) {
  LeaseRecord out;
  out.holder = json::text(lease, "spec", "holderIdentity");
  out.acquire_time = parse_time(json::text(lease, "spec", "acquireTime"));
  out.renew_time = parse_time(json::text(lease, "spec", "renewTime"));
  const auto seconds = json::integer(lease, "spec", "leaseDurationSeconds").value_or(0);
  out.duration = std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, 86'400));
  out.transitions = json::integer(lease, "spec", "leaseTransitions").value_or(0);
  out.resource_version = resource_version_of(lease);
  return out;
}

LeaseMove decide(const std::optional<LeaseRecord>& seen, Duration unchanged, const LeaseOptions& options) {
  if (!seen) return LeaseMove::Create;
  if (seen->holder.empty() || seen->holder == options.identity) return LeaseMove::Write;
  const Duration term = seen->duration > Duration::zero() ? seen->duration : options.duration;
  return unchanged >= term ? LeaseMove::Write : LeaseMove::Wait;
}

LeaseRecord claim(const std::optional<LeaseRecord>& seen, const LeaseOptions& options, TimePoint now) {
  LeaseRecord out = seen.value_or(LeaseRecord());
  const bool ours = seen && seen->holder == options.identity;
  if (seen && !ours) ++out.transitions;
  if (!ours || !out.acquire_time) out.acquire_time = now;
  out.holder = options.identity;
  out.renew_time = now;
  out.duration = options.duration;
  return out;
}

std::string create_body(const LeaseRecord& record, const LeaseOptions& options) {
  const std::string owner = options.owner_reference.empty()
                                ? ""
                                : fmt::format(R"(,"ownerReferences":[{}])", options.owner_reference);
  return fmt::format(
      R"({{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{{"name":{},"namespace":{},"labels":{{{}}}{}}},"spec":{}}})",
      json::quote(options.lease.name), json::quote(options.lease.ns), labels_text(options), owner,
      spec(record));
}

std::string patch_body(const LeaseRecord& record) {
  return fmt::format(R"({{"metadata":{{"resourceVersion":{}}},"spec":{}}})",
                     json::quote(record.resource_version), spec(record));
}

std::string release_body(const LeaseRecord& record, TimePoint now) {
  LeaseRecord freed = record;
  freed.holder.clear();
  freed.duration = std::chrono::seconds(1);
  freed.renew_time = now;
  return patch_body(freed);
}

}  // namespace stash::kube
