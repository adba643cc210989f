#include "stash/api/cron.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stash::api {
namespace {

using testing::HasSubstr;
using testing::Optional;

class CronTakes : public testing::TestWithParam<const char*> {};

TEST_P(CronTakes, WhatTheCronJobControllerTakes) { EXPECT_EQ(cron_fault(GetParam()), std::nullopt); }

INSTANTIATE_TEST_SUITE_P(All, CronTakes,
                         testing::Values("*/5 * * * *", "0 0 * * *", "  0\t12 1-15 * MON-FRI ",
                                         "0,15,30,45 * * * *", "5/15 * * * *", "0-59/59 0-23 1-31 1-12 0-6",
                                         "0 0 1 jan,Jul ?", "? ? ? ? ?", "0 0 30 2 1", "0 0 30 2 */2",
                                         "0 0 29 2 *", "0 0 */2 2 *", "*/100 * * * *", "1,,2 * * * *",
                                         "@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly",
                                         "@annually", "@every 1h30m"));

struct Refusal {
  const char* schedule;
  const char* sentence;
};
void PrintTo(const Refusal& r, std::ostream* out) { *out << r.schedule; }

class CronRefuses : public testing::TestWithParam<Refusal> {};

TEST_P(CronRefuses, WithASentenceThatNamesTheField) {
  EXPECT_THAT(cron_fault(GetParam().schedule), Optional(HasSubstr(GetParam().sentence)));
}

INSTANTIATE_TEST_SUITE_P(
    All, CronRefuses,
    testing::Values(
        Refusal{"", "has 0 fields"}, Refusal{"* * * *", "has 4 fields"},
        Refusal{"0 */5 * * * *", "has 6 fields"}, Refusal{"60 * * * *", "minute \"60\" is outside 0 to 59"},
        Refusal{"* 24 * * *", "hour \"24\" is outside 0 to 23"},
        Refusal{"* * 0 * *", "day of month \"0\" is outside 1 to 31"},
        Refusal{"* * * 13 *", "month \"13\" is outside 1 to 12"},
        Refusal{"* * * * 7", "day of week \"7\" is outside 0 to 6"},
        Refusal{"H * * * *", "minute \"H\" is not a number"},
        Refusal{"* * L * *", "day of month \"L\" is not a number"},
        Refusal{"* * * * mon#2", "day of week \"mon#2\" is not a number, a name"},
        Refusal{"10-5 * * * *", "minute \"10-5\" ends before it begins"},
        Refusal{"*/0 * * * *", "needs a step of at least 1"}, Refusal{"*/x * * * *", "needs a step"},
        Refusal{"*/ * * * *", "needs a step"}, Refusal{"1-2-3 * * * *", "is not a number"},
        Refusal{"-1 * * * *", "is not a number"}, Refusal{", * * * *", "minute \",\" chooses nothing"},
        Refusal{"99999999999999999999 * * * *", "is not a number"},
        Refusal{"0 0 30 2 *", "never fires: day 30 does not come in month 2"},
        Refusal{"0 0 31 4,6,9,nov *", "never fires"}, Refusal{"@reboot", "\"@reboot\" is unknown"},
        Refusal{"@every", "\"@every\" is unknown"}, Refusal{"@every soon", "needs a duration"},
        Refusal{"@every 0s", "needs a duration"}, Refusal{"TZ=UTC 0 0 * * *", "time zone is not allowed"},
        Refusal{"CRON_TZ=Asia/Dhaka 0 0 * * *", "time zone is not allowed"}));

}  // namespace
}  // namespace stash::api
