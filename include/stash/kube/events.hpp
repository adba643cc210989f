#pragma once

#include <string>

#include "stash/base/clock.hpp"
#include "stash/kube/client.hpp"

namespace stash::kube {

/// The object an event is about.
struct EventSubject {
  std::string api_version;
  std::string kind;
  Ref ref;
  std::string uid;

  EventSubject() {}
  /// Of an object as the API server returned it.
  EventSubject(const Resource& resource, const json::Value& object);
};

enum class Severity { Normal, Warning };

/// Writes v1 Events. Best effort: a failure is logged and never reaches the caller. Repeats of the same words
/// about the same object count up one Event (count, lastTimestamp) instead of making new ones.
class EventRecorder {
 public:
  /// `component` is shown by kubectl describe as the source, e.g. "stash-operator"; `instance` is the pod.
  EventRecorder(Client& client, const Clock& clock, std::string component, std::string instance);

  /// `reason` is one CamelCase word for machines, `message` a sentence for people (cut at 1024 bytes).
  Task<void> record(EventSubject subject, Severity severity, std::string reason, std::string message);

 private:
  Client& client_;
  const Clock& clock_;
  std::string component_;
  std::string instance_;
};

}  // namespace stash::kube
