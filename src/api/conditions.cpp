#include "stash/api/conditions.hpp"

#include "stash/api/fields/types.hpp"
#include "stash/json/write.hpp"

#include <algorithm>

namespace stash::api {
namespace {

std::string_view reason(const ConditionType& type, ConditionStatus status) {
  switch (status) {
    case ConditionStatus::True:
      return type.when_true;
    case ConditionStatus::False:
      return type.when_false;
    case ConditionStatus::Unknown:
      return type.when_unknown;
  }
  return {};
}

}  // namespace

Condition condition(const ConditionType& type, ConditionStatus status, std::string message,
                    std::int64_t observed_generation) {
  Condition out;
  out.type = type.name;
  out.status = status;
  out.reason = reason(type, status);
  out.message = std::move(message);
  out.observed_generation = observed_generation;
  return out;
}

bool set_condition(std::vector<Condition>& conditions, Condition next, TimePoint now) {
  const auto same_type = [&](const Condition& c) { return c.type == next.type; };
  const auto known = std::find_if(conditions.begin(), conditions.end(), same_type);
  if (known != conditions.end() && known->status == next.status && known->reason == next.reason &&
      known->message == next.message)
    return false;
  next.last_transition_time = now;
  if (known != conditions.end())
    *known = std::move(next);
  else
    conditions.push_back(std::move(next));
  return true;
}

const Condition* find_condition(const std::vector<Condition>& conditions, const ConditionType& type) {
  const auto it = std::find_if(conditions.begin(), conditions.end(),
                               [&](const Condition& c) { return c.type == type.name; });
  return it == conditions.end() ? nullptr : &*it;
}

bool has_condition(const std::vector<Condition>& conditions, const ConditionType& type,
                   ConditionStatus status) {
  const Condition* found = find_condition(conditions, type);
  return found && found->status == status;
}

std::string to_json(const std::vector<Condition>& conditions) { return json::to_text(conditions); }

}  // namespace stash::api
