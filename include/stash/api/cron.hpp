#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace stash::api {

/// What is wrong with a schedule, as a sentence that names the field; nothing when Kubernetes' CronJob
/// controller takes it. Five fields (minute, hour, day of month, month, day of week), each a list of `*`,
/// `?`, `n`, `a-b`, any of them with `/step`; three-letter names for months and weekdays; @yearly, @annually,
/// @monthly, @weekly, @daily, @midnight,
/// @hourly and `@every <duration>`. Not taken: six fields, 7 for Sunday, L, W, #, H, and a TZ= in front.
/// A schedule that can never fire (30 February) is a fault too.
std::optional<std::string> cron_fault(std::string_view schedule);

}  // namespace stash::api
