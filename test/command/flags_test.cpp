#include "command/flags.hpp"

#include <gmock/gmock.h>

#include "stash/base/log.hpp"

namespace stash::command {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::optional<int> parse(Flags& flags, std::vector<std::string> words) {
  words.insert(words.begin(), "stash");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  return flags.parse(static_cast<int>(argv.size()), argv.data());
}

constexpr std::chrono::hours days(int n) { return std::chrono::hours(24 * n); }

class RetentionFlag : public testing::Test {
 public:
  RetentionFlag() { flags_.retention("--keep-within", within_, ""); }

 protected:
  /// What the text means; nothing when it is refused.
  std::optional<Duration> read(const std::string& text) {
    if (parse(flags_, {"--keep-within", text})) return std::nullopt;
    return within_;
  }

  Flags flags_{"forget", "", ""};
  Duration within_{};
};

TEST_F(RetentionFlag, TakesYearsMonthsDaysAndHours) {
  EXPECT_EQ(read("36h"), 36h);
  EXPECT_EQ(read("7d"), days(7));
  EXPECT_EQ(read("2y5m7d3h"), days(2 * 366 + 5 * 31 + 7) + 3h);
  EXPECT_EQ(read("3h7d"), days(7) + 3h);
}

TEST_F(RetentionFlag, IsNeverLessThanByTheCalendar) {
  EXPECT_EQ(read("6m"), days(6 * 31));
  EXPECT_EQ(read("1y"), days(366));
}

TEST_F(RetentionFlag, RefusesWhatItDoesNotKnow) {
  for (const char* text : {"", "7", "d", "-7d", "7 d", "7dd", "1.5h", "30s", "2w", "7d3"})
    EXPECT_EQ(read(text), std::nullopt) << text;
}

TEST_F(RetentionFlag, RefusesATimeThatIsTooLongByNameAndValue) {
  EXPECT_EQ(read("291y"), days(291 * 366));
  for (const char* text :
       {"292y", "300y", "291y291y", "2562048h", "18446744073709551615y", "99999999999999999999d"}) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(read(text), std::nullopt);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr(std::string("--keep-within: ") + text));
  }
}

TEST(Flags, ReadDurationsWithDaysWeeksAndYears) {
  Duration grace{};
  Flags flags("prune", "", "");
  flags.duration("--grace", grace, "");

  for (const auto& [text, meant] : {std::pair<const char*, Duration>{"90m", 90min},
                                    {"1.5d", 36h},
                                    {"2w", days(14)},
                                    {"292y", days(292 * 365)}}) {
    EXPECT_EQ(parse(flags, {"--grace", text}), std::nullopt) << text;
    EXPECT_EQ(grace, meant) << text;
  }
}

TEST(Flags, RefuseADurationThatIsTooLongByNameAndValue) {
  Duration grace{};
  Flags flags("prune", "", "");
  flags.duration("--grace", grace, "");

  for (const char* text : {"293y", "300y", "2562047y", "106752d"}) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(parse(flags, {"--grace", text}), 2);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr(std::string("--grace: ") + text));
  }
}

TEST(Flags, TakeTagsAsListsWithCommas) {
  engine::TagFilter tags;
  Flags flags("forget", "", "");
  flags.tags("--keep-tag", tags, "");

  EXPECT_EQ(parse(flags, {"--keep-tag", "prod, important", "--keep-tag=[x]"}), std::nullopt);
  EXPECT_THAT(tags.lists, ElementsAre(ElementsAre("prod", "important"), ElementsAre("[x]")));
}

TEST(Flags, RefuseAnEmptyTag) {
  engine::TagFilter tags;
  Flags flags("forget", "", "");
  flags.tags("--keep-tag", tags, "");

  for (const char* list : {"", " ", "a,", ",a", "a,,b"})
    EXPECT_EQ(parse(flags, {"--keep-tag", list}), 2) << list;
}

TEST(Flags, TakeWordsInBracketsAsTheyAre) {
  std::string repo;
  std::vector<std::string> excludes;
  std::string action;
  std::vector<std::string> paths;
  Flags flags("backup", "", "");
  flags.option("-r,--repo", repo, "");
  flags.option("-e,--exclude", excludes, "");
  flags.positional("ACTION", action, "", true);
  flags.positionals("PATH", paths, "", false);

  EXPECT_EQ(parse(flags, {"-r", "[r]", "-e", "[a,b]", "-e[c]", "--exclude=[d]", "--exclude", "[]", "[act]",
                          "[id]", "a]", "{}", "--", R"(["a","b"])", "[[x],y]", "-e", "--", "[z"}),
            std::nullopt);
  EXPECT_EQ(repo, "[r]");
  EXPECT_THAT(excludes, ElementsAre("[a,b]", "[c]", "[d]", "[]"));
  EXPECT_EQ(action, "[act]");
  EXPECT_THAT(paths, ElementsAre("[id]", "a]", "{}", R"(["a","b"])", "[[x],y]", "-e", "--", "[z"));
}

TEST(Flags, TakeAPercentageWithAndWithoutItsSign) {
  double share = 0;
  Flags flags("prune", "", "");
  flags.percent("--max-unused", share, "");

  for (const auto& [text, meant] :
       {std::pair<const char*, double>{"0", 0}, {"2.5", 2.5}, {"5%", 5}, {"100", 100}}) {
    EXPECT_EQ(parse(flags, {"--max-unused", text}), std::nullopt) << text;
    EXPECT_EQ(share, meant) << text;
  }
}

TEST(Flags, RefuseWhatIsNoPercentageByNameAndValue) {
  double share = 5;
  Flags flags("prune", "", "");
  flags.percent("--max-unused", share, "");

  for (const char* text : {"-1", "100.1", "nan", "-nan", "inf", "%", "5%%", "5 %", "x"}) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(parse(flags, {std::string("--max-unused=") + text}), 2) << text;
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr(std::string("--max-unused: ") + text));
  }
  EXPECT_EQ(share, 5);
}

TEST(Flags, RefuseANumberThatIsTooLarge) {
  std::int64_t port = 0;
  Flags flags("operator", "", "");
  flags.option("--port", port, "", 65535);

  EXPECT_EQ(parse(flags, {"--port", "65535"}), std::nullopt);
  EXPECT_EQ(port, 65535);
  for (const char* text : {"65536", "-1", "1099511627776"})
    EXPECT_EQ(parse(flags, {std::string("--port=") + text}), 2) << text;
}

TEST(Flags, TakeOneOfTheWordsThatThereAre) {
  std::string kdf = "auto";
  Flags flags("init", "", "");
  flags.choice("--kdf", kdf, {"auto", "raw"}, "");

  EXPECT_EQ(parse(flags, {}), std::nullopt);
  EXPECT_EQ(kdf, "auto");
  EXPECT_EQ(parse(flags, {"--kdf", "raw"}), std::nullopt);
  EXPECT_EQ(kdf, "raw");
  for (const char* word : {"Raw", "r", "raw,auto"}) EXPECT_EQ(parse(flags, {"--kdf", word}), 2) << word;
}

TEST(Flags, WarnOfThoseWithoutEffectAndTakeIgnoredOnesInSilence) {
  std::vector<std::string> lines;
  bool verbose = false;
  Flags flags("operator", "", "");
  flags.flag("--verbose", verbose, "");
  flags.ignored({"--stderrthreshold"});
  flags.without_effect({"--image-pull-secrets"});

  log::set_sink([&](std::string_view line) { lines.emplace_back(line); });
  const auto code = parse(flags, {"--stderrthreshold=2", "--image-pull-secrets", "registry", "--verbose"});
  log::set_sink({});
  EXPECT_EQ(code, std::nullopt);
  EXPECT_TRUE(verbose);
  EXPECT_THAT(lines, ElementsAre(AllOf(HasSubstr("WARN"), HasSubstr("flag=--image-pull-secrets"))));
}

}  // namespace
}  // namespace stash::command
