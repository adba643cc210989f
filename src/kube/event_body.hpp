#pragma once

#include <string>

#include "stash/kube/events.hpp"

/// The text of v1 Events: no I/O.
namespace stash::kube {

struct EventWords {
  EventSubject subject;
  bool warning = false;
  std::string reason;
  std::string message;
  std::string component;
  std::string instance;
  TimePoint now{};

  EventWords() {}
};

/// At most 1024 bytes, cut between UTF-8 characters.
std::string cut_message(std::string message);

/// "{object}.{16 hex digits}": the same for the same words about the same object. Events about cluster-scoped
/// objects stand in namespace default.
Ref event_ref(const EventWords& words);
std::string event_body(const EventWords& words);
/// Merge patch that counts `known` up; carries its resourceVersion.
std::string event_repeat(const json::Value& known, const EventWords& words);

}  // namespace stash::kube
